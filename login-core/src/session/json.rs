//! A JSON object whose values stay JSON text.
//!
//! Flask writes values that `serde_json` cannot represent: integers of any size, `NaN`,
//! lone surrogates. So values are not parsed; their text is copied. Keys are escaped to
//! ASCII, as Python does it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::session::json_text::each_member;

/// The members of an object in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object(Vec<Member>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// JSON text with quotes, escaped to ASCII.
    key: Box<str>,
    value: Box<str>,
}

/// The number of members up to which comparing each key with all others is the fastest.
const FEW: usize = 16;

impl Object {
    /// Parses the text of one object. `None` if it is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_except(text, |_, _| false)
    }

    /// Like [`parse`](Self::parse), without the members that `takes` accepts. It gets the JSON text of
    /// each key and value, and no key twice.
    pub(crate) fn parse_except(text: &str, mut takes: impl FnMut(&str, &str) -> bool) -> Option<Self> {
        let members = distinct(text)?.into_iter().filter(|(key, value)| !takes(key, value));
        Some(Self(members.map(|(key, value)| Member { key: key.into(), value: value.into() }).collect()))
    }

    /// The JSON texts of all keys and values.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0.iter().map(|member| (&*member.key, &*member.value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON text of the value under this key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let key = quote(key);
        self.0.iter().find(|member| *member.key == key).map(|member| &*member.value)
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<Box<str>>) {
        self.put(quote(key), value.into());
    }

    fn put(&mut self, key: String, value: Box<str>) {
        match self.0.iter_mut().find(|member| *member.key == key) {
            Some(member) => member.value = value,
            None => self.0.push(Member { key: key.into(), value }),
        }
    }

    /// Removes and returns the value under this key.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Box<str>> {
        if self.0.is_empty() {
            return None;
        }
        let key = quote(key);
        let at = self.0.iter().position(|member| *member.key == key)?;
        Some(self.0.remove(at).value)
    }

    /// Removes every member whose key `keeps` does not accept.
    pub(crate) fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        self.0.retain(|member| unquote(&member.key).is_some_and(|key| keeps(&key)));
    }

    /// The keys, except those with a lone surrogate, which Rust text cannot represent.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().filter_map(|member| unquote(&member.key)).map(Cow::into_owned)
    }

    /// Compact JSON text with the members in their order.
    pub(crate) fn to_text(&self) -> String {
        write(self.members())
    }

    /// The size of [`to_text`](Object::to_text) in bytes.
    pub(crate) fn text_len(&self) -> usize {
        self.0.iter().map(|member| member.key.len() + member.value.len() + 2).sum::<usize>() + 1
    }
}

/// The members of an object's text, with keys as [`quote`] writes them. Of equal keys the last value
/// counts, at the place of the first.
fn distinct(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut found: Vec<(Cow<'_, str>, &str)> = Vec::new();
    // A client can make a session of thousands, so each key is not compared with all before it.
    let mut positions = BTreeMap::new();
    each_member(text, |key, value| {
        let key = canonical_key(key);
        let at = match found.len() {
            ..=FEW => found.iter().position(|(other, _)| *other == key),
            _ => {
                for (at, (key, _)) in found.iter().enumerate().skip(positions.len()) {
                    positions.insert(key.clone(), at);
                }
                positions.get(&key).copied()
            }
        };
        match at.and_then(|at| found.get_mut(at)) {
            Some(member) => member.1 = value,
            None => found.push((key, value)),
        }
    })?;
    Some(found)
}

/// Compact JSON text with keys sorted by code point, as Flask's JSON provider writes it.
pub(crate) fn write_sorted<V: AsRef<str>>(mut members: Vec<(&str, V)>) -> String {
    members.sort_by(|(a, _), (b, _)| compare_keys(a, b));
    write(members.iter().map(|(key, value)| (*key, value.as_ref())))
}

fn write<'a>(members: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> String {
    let size = members.clone().map(|(key, value)| key.len() + value.len() + 2).sum::<usize>();
    let mut text = String::with_capacity(size + 2);
    text.push('{');
    for (key, value) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(key);
        text.push(':');
        text.push_str(value);
    }
    text.push('}');
    text
}

/// The JSON text of a string as Python's `json.dumps` writes it, with quotes.
pub(crate) fn quote(text: &str) -> String {
    if is_plain(text) {
        return ["\"", text, "\""].concat();
    }
    // Serializing a string cannot fail.
    to_ascii(&serde_json::to_string(text).unwrap_or_default())
}

/// The text of a JSON string. `None` if it is another value, or has a lone surrogate.
pub(crate) fn unquote(json: &str) -> Option<Cow<'_, str>> {
    match json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) if is_plain(text) => Some(text.into()),
        _ => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

/// Whether a text needs no escaping.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// JSON text with every character outside printable ASCII escaped, as with Python's
/// `ensure_ascii`. White space stays, because it stands outside of strings.
pub(crate) fn to_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~' | '\t' | '\n' | '\r') {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

/// A key as [`quote`] writes it. Lone surrogates stay as they are.
fn canonical_key(key: &str) -> Cow<'_, str> {
    match unquote(key) {
        Some(Cow::Borrowed(_)) => key.into(),
        Some(Cow::Owned(text)) => quote(&text).into(),
        None => to_ascii(key).into(),
    }
}

fn compare_keys(a: &str, b: &str) -> Ordering {
    if !a.contains('\\') && !b.contains('\\') {
        return a.trim_matches('"').cmp(b.trim_matches('"'));
    }
    code_points(a).cmp(&code_points(b))
}

fn code_points(key: &str) -> Vec<u32> {
    match unquote(key) {
        Some(text) => text.chars().map(u32::from).collect(),
        None => key.bytes().map(u32::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_values_keep_their_text() {
        let text = r#"{"big":123456789012345678901234567890,"nan":NaN,"half":"\ud800","f":1.50,"l":[1, {"a":[]}]}"#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.to_text(), text);
        assert_eq!(object.text_len(), text.len());
        assert_eq!(object.get("big"), Some("123456789012345678901234567890"));
        assert_eq!(object.get("l"), Some(r#"[1, {"a":[]}]"#));
    }

    #[test]
    fn escaped_keys_are_found_and_keys_are_sorted_by_code_point() {
        let object = Object::parse(r#"{"z":1,"\u00e9":2,"\u0061":3,"😀":4,"":5}"#).unwrap();
        assert_eq!(object.get("é"), Some("2"));
        assert_eq!(object.get("a"), Some("3"));
        assert_eq!(write_sorted(object.members().collect()), r#"{"":5,"a":3,"z":1,"\u00e9":2,"\ud83d\ude00":4}"#);
    }

    #[test]
    fn few_and_many_members_are_parsed_alike() {
        for count in [FEW - 1, FEW, FEW + 1, 3000] {
            let member = |at: usize| format!(r#""key {}":{at}"#, at % (count - 2));
            let text = format!("{{{}}}", (0..count).map(member).collect::<Vec<_>>().join(","));
            let object = Object::parse(&text).unwrap();
            let keys: Vec<String> = (0..count - 2).map(|at| format!("key {at}")).collect();
            assert_eq!(object.keys().collect::<Vec<_>>(), keys, "in the order of the first of each");
            let last = |at: usize| (count - 2 + at).to_string();
            assert_eq!(
                (object.get("key 0"), object.get("key 1")),
                (Some(&*last(0)), Some(&*last(1))),
                "the last counts"
            );
            assert_eq!(object.get("key 2"), Some("2"));
        }
    }

    #[test]
    fn setting_and_removing() {
        let mut object = Object::default();
        object.set("a", "1");
        object.set("b\"", "2");
        object.set("a", "3");
        assert_eq!(object.to_text(), r#"{"a":3,"b\"":2}"#);
        assert_eq!(object.remove("a").as_deref(), Some("3"));
        assert_eq!(object.remove("a"), None);
        assert_eq!(object.keys().collect::<Vec<_>>(), ["b\""]);
        object.retain(|key| key == "c");
        assert!(object.is_empty());
        assert_eq!(object.to_text(), "{}");
    }
}
