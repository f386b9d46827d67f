//! A JSON object whose values stay the text that they arrived as.
//!
//! Flask writes what `serde_json` cannot hold: integers of any size, `NaN`, lone
//! surrogates. Values that no one touches are therefore never parsed, only cut
//! out and put back. Keys are kept as Python writes them, escaped to ASCII.

use std::cmp::Ordering;

/// How deep values may be nested, as in `serde_json`.
const MAX_DEPTH: u32 = 128;

/// The members of an object, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object(Vec<Member>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// With quotes, escaped to ASCII.
    key: Box<str>,
    value: Box<str>,
}

impl Object {
    /// Reads the text of one object; `None` where it is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut object = Self::default();
        for (key, value) in members(text)? {
            object.put(canonical_key(key), value.into()); // of doubled keys the last counts
        }
        Some(object)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of the value under this key.
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

    /// Takes the value under this key out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Box<str>> {
        if self.0.is_empty() {
            return None;
        }
        let key = quote(key);
        let at = self.0.iter().position(|member| *member.key == key)?;
        Some(self.0.remove(at).value)
    }

    /// Keeps only what is under this key.
    pub(crate) fn retain_only(&mut self, key: &str) {
        let key = quote(key);
        self.0.retain(|member| *member.key == key);
    }

    /// The keys that Rust text can hold (no lone surrogates).
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().filter_map(|member| serde_json::from_str(&member.key).ok())
    }

    /// Compact text, keys sorted by code point, as Flask's JSON provider writes it.
    pub(crate) fn to_sorted_text(&self) -> String {
        let mut members: Vec<&Member> = self.0.iter().collect();
        members.sort_by(|a, b| compare_keys(&a.key, &b.key));
        write(members.into_iter())
    }

    /// Compact text, in the members' own order.
    pub(crate) fn to_text(&self) -> String {
        write(self.0.iter())
    }

    /// How many bytes [`to_text`](Object::to_text) has.
    pub(crate) fn text_len(&self) -> usize {
        self.0.iter().map(|member| member.key.len() + member.value.len() + 2).sum::<usize>() + 1
    }
}

fn write<'a>(members: impl Iterator<Item = &'a Member>) -> String {
    let mut text = String::from("{");
    for member in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&member.key);
        text.push(':');
        text.push_str(&member.value);
    }
    text.push('}');
    text
}

/// The members of an object's text, keys with their quotes; `None` where it is
/// not one whole object.
pub(crate) fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    cursor.object(0, &mut |key, value| found.push((key, value)))?;
    cursor.end().then_some(found)
}

/// The items of an array's text; `None` where it is not one whole array.
pub(crate) fn items(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    cursor.array(0, &mut |value| found.push(value))?;
    cursor.end().then_some(found)
}

/// Whether this is the text of a value that a member can have and [`Object::parse`] read.
pub(crate) fn is_value(text: &str) -> bool {
    let mut cursor = Cursor { text, at: 0 };
    cursor.value(0).is_some() && cursor.end()
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes this byte, after white space.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn end(&mut self) -> bool {
        self.skip_space();
        self.at == self.text.len()
    }

    fn object(&mut self, depth: u32, found: &mut dyn FnMut(&'t str, &'t str)) -> Option<()> {
        self.take(b'{').then_some(())?;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.take(b':').then_some(())?;
            let value = self.value(depth)?;
            found(key, value);
            if self.take(b'}') {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
    }

    fn array(&mut self, depth: u32, found: &mut dyn FnMut(&'t str)) -> Option<()> {
        self.take(b'[').then_some(())?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            found(self.value(depth)?);
            if self.take(b']') {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
    }

    fn value(&mut self, depth: u32) -> Option<&'t str> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            b'{' => self.object(depth + 1, &mut |_, _| ())?,
            b'[' => self.array(depth + 1, &mut |_| ())?,
            b'"' => drop(self.string()?),
            _ => self.bare()?,
        }
        self.text.get(start..self.at)
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'t str> {
        let start = self.at;
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return self.text.get(start..self.at);
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            let digits = self.text.get(self.at + 1..self.at + 5)?;
                            digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
                            self.at += 5;
                        }
                        _ => return None,
                    }
                }
                0..0x20 => return None,
                _ => self.at += 1,
            }
        }
    }

    /// A number or a literal, Python's own among them.
    fn bare(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        self.at += end;
        (matches!(word, "true" | "false" | "null" | "NaN" | "Infinity" | "-Infinity") || is_number(word)).then_some(())
    }
}

/// A number by RFC 8259, of any length.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// A string as Python's `json.dumps` writes it, quotes included.
pub(crate) fn quote(text: &str) -> String {
    // Writing a string to memory as JSON cannot fail.
    to_ascii(&serde_json::to_string(text).unwrap_or_default())
}

/// JSON text with every character outside printable ASCII escaped, as Python's
/// `ensure_ascii` does. Outside strings there is but white space, which stands for itself.
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

/// A key's text as [`quote`] would have written it, lone surrogates kept.
fn canonical_key(key: &str) -> String {
    if !key.contains('\\') {
        return to_ascii(key);
    }
    match serde_json::from_str::<String>(key) {
        Ok(text) => quote(&text),
        Err(_) => to_ascii(key),
    }
}

fn compare_keys(a: &str, b: &str) -> Ordering {
    if !a.contains('\\') && !b.contains('\\') {
        return a.trim_matches('"').cmp(b.trim_matches('"'));
    }
    code_points(a).cmp(&code_points(b))
}

fn code_points(key: &str) -> Vec<u32> {
    match serde_json::from_str::<String>(key) {
        Ok(text) => text.chars().map(u32::from).collect(),
        Err(_) => key.bytes().map(u32::from).collect(),
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
    fn what_is_not_json_is_refused() {
        for bad in [
            "",
            "{",
            "[]",
            "{}x",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            r#"{"a":01}"#,
            r#"{"a":1e}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":[1 2]}"#,
            r#"{"a":nan}"#,
            r#"{"a":"\u12"}"#,
        ] {
            assert_eq!(Object::parse(bad), None, "{bad}");
        }
        assert_eq!(Object::parse(&format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200))), None);
        assert_eq!(Object::parse(&format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200))), None);
        assert!(Object::parse(&format!("{{\"a\":{}{}}}", "[".repeat(99), "]".repeat(99))).is_some());
    }

    #[test]
    fn a_value_is_one_that_a_member_can_have() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 127, 128, 129] {
            let is_read = Object::parse(&format!("{{\"a\":{}}}", nested(depth))).is_some();
            assert_eq!(is_value(&nested(depth)), is_read, "{depth}");
        }
        assert!(is_value(&nested(128)) && !is_value(&nested(129)));
        assert!(is_value(&to_ascii("{\n\t\"a\": \"é\"\r\n}")));
        assert!(!is_value("1 2") && !is_value("") && !is_value("\u{1}"));
    }

    #[test]
    fn keys_are_found_however_they_were_escaped_and_sorted_by_code_point() {
        let object = Object::parse(r#"{"z":1,"\u00e9":2,"\u0061":3,"😀":4,"":5}"#).unwrap();
        assert_eq!(object.get("é"), Some("2"));
        assert_eq!(object.get("a"), Some("3"));
        assert_eq!(object.to_sorted_text(), r#"{"":5,"a":3,"z":1,"\u00e9":2,"\ud83d\ude00":4}"#);
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
        object.retain_only("c");
        assert!(object.is_empty());
        assert_eq!(object.to_text(), "{}");
    }
}
