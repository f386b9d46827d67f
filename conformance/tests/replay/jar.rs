//! The client's cookies, and the steps that change them instead of sending a request.

use serde_json::{Value, json};

/// Cookies by name, in the order in which they were first set.
#[derive(Default)]
pub(crate) struct Jar {
    cookies: Vec<(String, String)>,
    /// Cookies that are sent before those of the jar, and are not stored in it.
    extra: Vec<String>,
    /// Copies of cookies, by name.
    pub(crate) saved: Vec<(String, Option<String>)>,
}

impl Jar {
    fn get(&self, name: &str) -> Option<String> {
        self.cookies.iter().find(|(each, _)| each == name).map(|(_, value)| value.clone())
    }

    fn set(&mut self, name: &str, value: String) {
        match self.cookies.iter_mut().find(|(each, _)| each == name) {
            Some((_, present)) => *present = value,
            None => self.cookies.push((name.to_owned(), value)),
        }
    }

    fn remove(&mut self, name: &str) {
        self.cookies.retain(|(each, _)| each != name);
    }

    /// The Cookie header. It is empty if there are no cookies.
    pub(crate) fn header(&self) -> String {
        let own = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        self.extra.iter().cloned().chain(own).collect::<Vec<_>>().join("; ")
    }

    /// Applies the Set-Cookie lines. Returns them in the form that transcripts have.
    pub(crate) fn absorb<'l>(&mut self, lines: impl Iterator<Item = &'l str>) -> Value {
        let mut seen: Vec<Value> = lines.map(|line| self.absorb_one(line)).collect();
        seen.sort_by_key(|cookie| (cookie["name"].to_string(), cookie["deleted"] == true));
        Value::Array(seen)
    }

    fn absorb_one(&mut self, line: &str) -> Value {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let mut attributes: Vec<(String, &str)> = Vec::new();
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            attributes.push((key.to_ascii_lowercase(), value));
        }
        let attribute = |key: &str| attributes.iter().find(|(each, _)| each == key).map(|(_, value)| *value);
        let life: Option<i64> = attribute("max-age").map(|seconds| seconds.parse().unwrap());
        assert_eq!(life.is_some(), attribute("expires").is_some(), "Max-Age goes with Expires: {line}");
        let deleted = life.is_some_and(|life| life <= 0);
        if deleted {
            self.remove(name);
        } else {
            self.set(name, value.to_owned());
        }
        json!({
            "name": name,
            "deleted": deleted,
            "lifetime": life.filter(|_| !deleted),
            "domain": attribute("domain"),
            "path": attribute("path"),
            "secure": attribute("secure").is_some(),
            "httponly": attribute("httponly").is_some(),
            "samesite": attribute("samesite"),
        })
    }

    /// Executes a step that changes cookies. Returns false if it is another kind of step.
    pub(crate) fn act(&mut self, step: &Value) -> bool {
        if let Some(name) = step["drop_cookie"].as_str() {
            self.remove(name);
        } else if let Some(cookie) = step["extra_cookie"].as_str() {
            self.extra.push(cookie.to_owned());
        } else if step["set_cookie"].is_object() {
            let cookie = &step["set_cookie"];
            self.set(cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap().to_owned());
        } else if let Some(name) = step["save_cookie"].as_str() {
            self.saved.retain(|(each, _)| each != name);
            self.saved.push((name.to_owned(), self.get(name)));
        } else if let Some(name) = step["restore_cookie"].as_str() {
            let saved = self.saved.iter().find(|(each, _)| each == name).and_then(|(_, value)| value.clone());
            if let Some(value) = saved {
                self.set(name, value);
            }
        } else if step["tamper"].is_object() {
            self.tamper(&step["tamper"]);
        } else {
            return false;
        }
        true
    }

    fn tamper(&mut self, how: &Value) {
        let name = how["cookie"].as_str().unwrap();
        let mut value: Vec<char> = self.get(name).unwrap_or_default().chars().collect();
        if let Some(prefix) = how["prefix"].as_str() {
            value.splice(0..0, prefix.chars());
        }
        if let Some(suffix) = how["suffix"].as_str() {
            value.extend(suffix.chars());
        }
        if let Some(at) = how["flip"].as_i64().filter(|_| !value.is_empty()) {
            let at = at.rem_euclid(value.len() as i64) as usize;
            value[at] = if value[at] == 'A' { 'B' } else { 'A' };
        }
        if let Some(length) = how["truncate"].as_i64() {
            let length = if length < 0 { value.len() as i64 + length } else { length };
            value.truncate(usize::try_from(length).unwrap_or(0));
        }
        let mut value: String = value.into_iter().collect();
        if let Some([old, new]) = how["replace"].as_array().map(Vec::as_slice) {
            value = value.replace(old.as_str().unwrap(), new.as_str().unwrap());
        }
        self.set(name, value);
    }
}
