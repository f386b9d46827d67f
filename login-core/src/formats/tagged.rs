//! Flask's tagged JSON. Python's tuples, bytes, UUIDs, dates and markup are objects with
//! one member whose key is a tag.

use std::borrow::Cow;

use crate::session::json_text::{items, members};

/// The tag of an object that only looks like a tag. Its key ends with `__`.
const DICT: &str = "\" di\"";
const TAGS: [&str; 6] = [DICT, "\" t\"", "\" b\"", "\" m\"", "\" u\"", "\" d\""];

/// Every tagged value begins with this.
const MARK: &str = "{\" ";

/// Converts tagged JSON to plain JSON, for reading a value as a Rust type. A tuple becomes
/// an array, bytes become Base64 text, a UUID hexadecimal digits and a date its HTTP text.
pub(crate) fn untag(json: &str) -> String {
    transform(json, &|members| match members {
        [(key, value)] if *key == DICT => {
            let plain = untag(value);
            Some(plain.replacen("__\":", "\":", 1))
        }
        [(key, value)] if TAGS.contains(key) => Some(untag(value)),
        _ => None,
    })
}

/// Converts plain JSON to tagged JSON: escapes objects that look like a tag.
pub(crate) fn tag(json: &str) -> String {
    transform(json, &|members| match members {
        [(key, value)] if TAGS.contains(key) => {
            Some(format!("{{{DICT}:{{{}__\":{}}}}}", key.trim_end_matches('"'), tag(value)))
        }
        _ => None,
    })
}

/// Removes the escape around a whole session that looks like a tag. `None` if the session
/// is a tagged value instead of an object.
pub(crate) fn untag_session(json: &str) -> Option<Cow<'_, str>> {
    if !json.trim_start().starts_with(MARK) {
        return Some(json.into());
    }
    let members = members(json)?;
    let [(key, value)] = *members.as_slice() else { return Some(json.into()) };
    if key == DICT {
        // Tags inside of it stay.
        return Some(value.replacen("__\":", "\":", 1).into());
    }
    if TAGS.contains(&key) { None } else { Some(json.into()) }
}

/// The reverse of [`untag_session`].
pub(crate) fn tag_session(json: String) -> String {
    if !json.starts_with(MARK) {
        return json;
    }
    match members(&json).as_deref() {
        Some([(key, value)]) if TAGS.contains(key) => {
            format!("{{{DICT}:{{{}__\":{value}}}}}", key.trim_end_matches('"'))
        }
        _ => json,
    }
}

type Members<'a> = [(&'a str, &'a str)];

/// Replaces each object for which `rewrite` returns a text, and descends into the others.
/// The text must be valid JSON of limited depth, or the recursion could be too deep.
fn transform(json: &str, rewrite: &dyn Fn(&Members<'_>) -> Option<String>) -> String {
    if !json.contains(MARK) && !json.contains("{ ") {
        return json.to_owned();
    }
    if let Some(members) = members(json) {
        if let Some(rewritten) = rewrite(&members) {
            return rewritten;
        }
        let parts: Vec<String> =
            members.iter().map(|(key, value)| format!("{key}:{}", transform(value, rewrite))).collect();
        return format!("{{{}}}", parts.join(","));
    }
    if let Some(items) = items(json) {
        let parts: Vec<String> = items.iter().map(|item| transform(item, rewrite)).collect();
        return format!("[{}]", parts.join(","));
    }
    json.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_types_become_plain_json() {
        for (tagged, plain) in [
            (r#"{" t":[1,{" t":[2]}]}"#, "[1,[2]]"),
            (r#"{" b":"AAE="}"#, r#""AAE=""#),
            (r#"{"a":{" u":"00"},"b":[{" d":"x"}]}"#, r#"{"a":"00","b":["x"]}"#),
            (r#"{" di":{" t__":{" t":[]}}}"#, r#"{" t":[]}"#),
            (r#"{" t":1,"b":2}"#, r#"{" t":1,"b":2}"#),
            (r#"{" x":1}"#, r#"{" x":1}"#),
            (r#"{ " t":[1]}"#, "[1]"),
            (r#""{\" t\":1}""#, r#""{\" t\":1}""#),
        ] {
            assert_eq!(untag(tagged), plain);
        }
    }

    #[test]
    fn an_object_that_looks_like_a_tag_is_escaped() {
        for (plain, tagged) in [
            (r#"{" t":{" b":1}}"#, r#"{" di":{" t__":{" di":{" b__":1}}}}"#),
            (r#"[{" di":1}]"#, r#"[{" di":{" di__":1}}]"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":{" x":1}}"#, r#"{"a":{" x":1}}"#),
        ] {
            assert_eq!(tag(plain), tagged);
            assert_eq!(untag(tagged), plain);
        }
    }

    #[test]
    fn a_session_that_looks_like_a_tag_is_escaped() {
        let plain = r#"{" t":{" t":[1]}}"#;
        let tagged = tag_session(plain.to_owned());
        assert_eq!(tagged, r#"{" di":{" t__":{" t":[1]}}}"#);
        assert_eq!(untag_session(&tagged).unwrap(), plain);
        assert_eq!(tag_session(r#"{" x":1}"#.to_owned()), r#"{" x":1}"#);
        assert_eq!(untag_session(r#"{" t":[1]}"#), None);
        assert_eq!(untag_session(r#"{"a":1}"#).unwrap(), r#"{"a":1}"#);
    }
}
