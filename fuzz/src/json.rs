//! Generated JSON as Flask writes it: its text, and the value that a Rust program must read.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use serde_json::Value;
use serde_json::value::RawValue;

/// A value that Python can put into a session.
#[derive(Debug, Arbitrary)]
pub enum Json {
    None,
    Bool(bool),
    Int(i64),
    Long(i128, u8),
    Float(f64),
    Text(String),
    Surrogate(u8),
    List(Vec<Json>),
    Dict(BTreeMap<Key, Json>),
    Tuple(Vec<Json>),
    Bytes([u8; 3]),
    Markup(String),
    Uuid(u128),
    Date(u8),
}

/// A dictionary's key. Half of the keys look like tags, which the fuzzer would rarely generate.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub String);

impl<'a> Arbitrary<'a> for Key {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let tag_like = [" di", " t", " b", " d", " t__", " di__", " ", "t"];
        Ok(Self(if bool::arbitrary(input)? {
            (*input.choose(&tag_like)?).to_owned()
        } else {
            String::arbitrary(input)?
        }))
    }
}

const TAGS: [&str; 6] = [" di", " t", " b", " m", " u", " d"];

impl Json {
    /// The text that Flask writes, with tags.
    pub fn text(&self) -> String {
        match self {
            Self::None => "null".to_owned(),
            Self::Bool(bool) => bool.to_string(),
            Self::Int(int) => int.to_string(),
            // An integer that can be too large for every integer type of Rust.
            Self::Long(int, zeros) => format!("{}{}", int | 1, "0".repeat(usize::from(*zeros))),
            Self::Float(float) if float.is_nan() => "NaN".to_owned(),
            Self::Float(float) if float.is_infinite() => if *float > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            Self::Float(float) => format!("{float:?}"),
            Self::Text(text) => quote(text),
            Self::Surrogate(low) => format!("\"\\ud8{low:02x}\""),
            Self::List(items) => list(items),
            Self::Dict(members) => dict(members.iter().map(|(key, value)| (key.0.as_str(), value.text())).collect()),
            Self::Tuple(items) => format!("{{\" t\":{}}}", list(items)),
            Self::Bytes(bytes) => {
                use base64::Engine as _;
                format!("{{\" b\":\"{}\"}}", base64::engine::general_purpose::STANDARD.encode(bytes))
            }
            Self::Markup(text) => format!("{{\" m\":{}}}", quote(text)),
            Self::Uuid(uuid) => format!("{{\" u\":\"{uuid:032x}\"}}"),
            Self::Date(day) => format!("{{\" d\":\"Thu, {:02} Jan 1970 00:00:00 GMT\"}}", day % 28 + 1),
        }
    }

    /// The value that a program reads, without tags. `None` if Rust cannot represent it.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Surrogate(_) => None,
            Self::Float(float) if !float.is_finite() => None,
            Self::None | Self::Bool(_) | Self::Int(_) | Self::Long(..) | Self::Float(_) | Self::Text(_) => {
                serde_json::from_str(&self.text()).ok()
            }
            Self::List(items) | Self::Tuple(items) => {
                items.iter().map(Self::value).collect::<Option<_>>().map(Value::Array)
            }
            Self::Dict(members) => {
                let members = members.iter().map(|(key, value)| Some((key.0.clone(), value.value()?)));
                members.collect::<Option<_>>().map(Value::Object)
            }
            Self::Markup(text) => Some(text.as_str().into()),
            Self::Bytes(_) | Self::Uuid(_) | Self::Date(_) => {
                serde_json::from_str::<BTreeMap<String, Value>>(&self.text()).ok()?.into_values().next()
            }
        }
    }
}

fn list(items: &[Json]) -> String {
    let items: Vec<String> = items.iter().map(Json::text).collect();
    format!("[{}]", items.join(","))
}

/// The text of a dictionary, with sorted keys. A dictionary that looks like a tag is escaped.
pub fn dict(mut members: Vec<(&str, String)>) -> String {
    members.sort();
    if let [(key, value)] = members.as_slice()
        && TAGS.contains(key)
    {
        return format!("{{\" di\":{{\"{key}__\":{value}}}}}");
    }
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{}:{value}", quote(key))).collect();
    format!("{{{}}}", members.join(","))
}

/// A string as Python writes it.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for unit in text.encode_utf16() {
        match unit {
            0x22 => quoted.push_str("\\\""),
            0x5c => quoted.push_str("\\\\"),
            0x08 => quoted.push_str("\\b"),
            0x09 => quoted.push_str("\\t"),
            0x0a => quoted.push_str("\\n"),
            0x0c => quoted.push_str("\\f"),
            0x0d => quoted.push_str("\\r"),
            0x20..=0x7e => quoted.push(char::from(unit as u8)),
            _ => quoted.push_str(&format!("\\u{unit:04x}")),
        }
    }
    quoted.push('"');
    quoted
}

/// The members of an object, with the original text of their values. `None` if the text is not
/// an object, or if two readers can read it differently: it is nested very deeply, or has a key
/// that looks like a tag.
pub fn members(text: &[u8]) -> Option<BTreeMap<String, Box<RawValue>>> {
    let nested = text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text).ok()?;
    let looks_like_a_tag = members.len() == 1 && members.keys().any(|key| key.starts_with(' '));
    (nested < 100 && !looks_like_a_tag).then_some(members)
}
