//! What an application's loader reads of a request: query, form and token.

use std::sync::Arc;

use crate::request::head::RequestHead;
use crate::request::url;
use crate::request::view::Request;

/// The largest body that is read as a form, in bytes: 64 KiB.
pub const MAX_FORM: usize = 64 * 1024;

/// Whether a request posts a form that is not too large: its type is that of an HTML form
/// without files (`application/x-www-form-urlencoded`). What follows the request for another
/// protocol, such as a WebSocket, is no body.
pub(crate) fn is_posted(head: &impl RequestHead) -> bool {
    let is_form = |value: &[u8]| {
        let media = value.split(|byte| *byte == b';').next().unwrap_or_default();
        media.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    };
    let is_small = |value: &[u8]| {
        let size = std::str::from_utf8(value).ok().and_then(|size| size.parse::<usize>().ok());
        size.is_some_and(|size| size <= MAX_FORM)
    };
    let mut types = head.lines("content-type");
    types.next().is_some_and(|value| is_form(&value))
        && types.next().is_none()
        && head.method() != "CONNECT"
        && head.lines("upgrade").next().is_none()
        && head.lines("content-length").all(|value| is_small(&value))
}

impl Request {
    /// The decoded value of the first query parameter with this name. `None` if there is
    /// none, or if it is not UTF-8.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        url::query_pairs(self.query()?).find(|(key, _)| key == name)?.1.ok()
    }

    /// Adds the body of a request that posts a form, as it came.
    #[must_use]
    pub fn with_form(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.form = Some(Arc::new(body.into()));
        self
    }

    pub(crate) fn with_shared_form(mut self, form: Arc<Vec<u8>>) -> Self {
        self.form = Some(form);
        self
    }

    /// The decoded value of the first field with this name in the posted form (Flask's
    /// `request.form.get`). `None` if there is none, or if it is not UTF-8.
    ///
    /// Only a request loader sees forms, and only with
    /// [`request_loader_reads_forms`](crate::LoginManagerBuilder::request_loader_reads_forms).
    #[must_use]
    pub fn form_value(&self, name: &str) -> Option<String> {
        let form = std::str::from_utf8(self.form.as_deref()?.as_slice()).ok()?;
        url::query_pairs(form).find(|(key, _)| key == name)?.1.ok()
    }

    /// The token of `Authorization: Bearer …` (RFC 6750, 2.1). The name of the scheme is not
    /// case-sensitive. `None` if there is no such header, more than one, or no token in it.
    #[must_use]
    pub fn bearer_token(&self) -> Option<&str> {
        let mut lines = self.header_lines("authorization");
        let value = std::str::from_utf8(lines.next()?).ok().filter(|_| lines.next().is_none())?;
        let (scheme, token) = value.trim().split_once(' ')?;
        let token = token.trim_start();
        let is_one = token.bytes().all(|byte| byte.is_ascii_graphic());
        (scheme.eq_ignore_ascii_case("bearer") && is_one && !token.is_empty()).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_counts() {
        let request = Request::new("POST", "/?a=query").with_form("a=1+%C3%A9&a=2&b=%ff&c");
        assert_eq!(request.form_value("a").as_deref(), Some("1 é"));
        assert_eq!((request.form_value("b"), request.form_value("d")), (None, None));
        assert_eq!(request.form_value("c").as_deref(), Some(""));
        assert_eq!(Request::new("POST", "/").with_form(*b"a=1&\xff=2").form_value("a"), None, "not UTF-8");
        assert_eq!(Request::new("POST", "/?a=1").form_value("a"), None);
        assert!(!format!("{request:?}").contains("%ff"));
    }
}
