//! Finds the members, the items and the end of JSON text, without parsing its values.

/// How deep a value may be nested, as in `serde_json`.
const MAX_DEPTH: u32 = 128;

/// Calls `found` with each member of an object's JSON text. Keys have their quotes. `None` if the text
/// is not exactly one object.
pub(crate) fn each_member<'t>(text: &'t str, mut found: impl FnMut(&'t str, &'t str)) -> Option<()> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.object(0, &mut found)?;
    cursor.end().then_some(())
}

/// The members, as [`each_member`] finds them.
pub(crate) fn members(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut members = Vec::new();
    each_member(text, |key, value| members.push((key, value)))?;
    Some(members)
}

/// The items of an array's JSON text. `None` if the text is not exactly one array.
pub(crate) fn items(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut cursor = Cursor { text, at: 0 };
    cursor.array(0, &mut |value| found.push(value))?;
    cursor.end().then_some(found)
}

/// Whether this is the JSON text of a value that [`Object::parse`] accepts in a member.
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

    /// Skips white space, and then this byte. Returns whether the byte was there.
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

    /// Parses a string. Returns it with its quotes.
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

    /// Parses a number or a literal, including those that only Python writes.
    fn bare(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.')).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        self.at += end;
        (matches!(word, "true" | "false" | "null" | "NaN" | "Infinity" | "-Infinity") || is_number(word)).then_some(())
    }
}

/// Whether this is a number (RFC 8259), of any length.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::json::{Object, to_ascii};

    #[test]
    fn invalid_json_is_refused() {
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
    fn is_value_accepts_what_parse_accepts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for depth in [1, 127, 128, 129] {
            let is_read = Object::parse(&format!("{{\"a\":{}}}", nested(depth))).is_some();
            assert_eq!(is_value(&nested(depth)), is_read, "{depth}");
        }
        assert!(is_value(&nested(128)) && !is_value(&nested(129)));
        assert!(is_value(&to_ascii("{\n\t\"a\": \"é\"\r\n}")));
        assert!(!is_value("1 2") && !is_value("") && !is_value("\u{1}"));
    }
}
