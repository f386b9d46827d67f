//! Compares a response with the recorded one.

use serde_json::Value;

/// Lifetimes may differ by this many seconds, because the responses were sent at different times.
const SLACK: i64 = 5;

/// The first difference, if there is one.
pub(crate) fn difference(want: &Value, have: &Value) -> Option<String> {
    ["status", "location", "body", "vary_cookie", "set_cookies", "headers"].into_iter().find_map(|key| {
        let same = match key {
            "status" => is_status(&want[key], &have[key]),
            "vary_cookie" => want[key].is_null() || want[key] == have[key],
            // The headers that the scenario expects, and no others.
            "headers" => want[key]
                .as_object()
                .is_none_or(|named| named.iter().all(|(name, value)| have[key].get(name) == Some(value))),
            "set_cookies" => want[key] == "any" || are_cookies(&want[key], &have[key]),
            "body" => is_like(&want[key], &have[key]),
            _ => want[key] == have[key],
        };
        (!same).then(|| format!("{key}\n  reference {}\n  server    {}", want[key], have[key]))
    })
}

/// `"any"` allows any value in its place.
fn is_like(want: &Value, have: &Value) -> bool {
    match (want, have) {
        (Value::Array(want), Value::Array(have)) => {
            want.len() == have.len() && want.iter().zip(have).all(|(want, have)| is_like(want, have))
        }
        (Value::Object(want), Value::Object(have)) => {
            want.len() == have.len()
                && want.iter().all(|(key, want)| have.get(key).is_some_and(|have| is_like(want, have)))
        }
        _ => want == have || want == "any",
    }
}

/// `"302|303"` allows either.
fn is_status(want: &Value, have: &Value) -> bool {
    let have_text = have.to_string();
    want == have || want.as_str().is_some_and(|either| either.split('|').any(|one| one == have_text))
}

fn are_cookies(want: &Value, have: &Value) -> bool {
    let (want, have) = (want.as_array().unwrap(), have.as_array().unwrap());
    want.len() == have.len() && want.iter().zip(have).all(|(want, have)| is_cookie(want, have))
}

fn is_cookie(want: &Value, have: &Value) -> bool {
    let mut have = have.clone();
    if let (Some(a), Some(b)) = (want["lifetime"].as_i64(), have["lifetime"].as_i64())
        && (a - b).abs() <= SLACK
    {
        have["lifetime"] = a.into();
    }
    *want == have
}
