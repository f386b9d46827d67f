//! The bodies of error responses: a page for people, and JSON for the programs that use the API.

use crate::pages::{ErrorPage, render};

/// The body of an error response.
pub struct ErrorBody {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The text.
    pub text: String,
}

/// The body that replaces the one of the framework or the library, which is plain text or
/// empty. It does not contain that text, because the text can name types and fields. `None` if
/// the response is no error, or has a body of another kind.
#[must_use]
pub fn error_body(path: &str, status: u16, content_type: Option<&str>) -> Option<ErrorBody> {
    if content_type.is_some_and(|kind| !kind.starts_with("text/plain")) {
        return None;
    }
    if is_below_api(path) { problem(status) } else { page(status) }
}

/// Whether this is the path of the API.
pub(crate) fn is_below_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn page(status: u16) -> Option<ErrorBody> {
    let (title, advice) = match status {
        400 | 415 | 422 => {
            ("That form cannot be read", "Something in it is missing or wrong. Please go back and fill it in again.")
        }
        403 => ("Not allowed", "Your account is not allowed to do this, or another site sent you here."),
        404 | 405 => ("Nothing here", "There is no such page."),
        400..500 => ("That did not work", "Please go back and try again."),
        500..600 => ("Something went wrong", "That is our fault. Please try again later."),
        _ => return None,
    };
    let text = render(&ErrorPage { title, advice }).ok()?;
    Some(ErrorBody { content_type: "text/html; charset=utf-8", text })
}

/// `application/problem+json` (RFC 9457), as the library answers refused requests below `/api`.
fn problem(status: u16) -> Option<ErrorBody> {
    let detail = match status {
        400 | 415 | 422 => "send JSON, an object whose `text` has 1 to 500 characters",
        403 => "this is not allowed",
        404 | 405 => "the API does not have this path or method",
        400..500 => "the request cannot be answered",
        500..600 => "that is the server's fault; try again later",
        _ => return None,
    };
    let text = format!(r#"{{"type":"about:blank","status":{status},"detail":"{detail}"}}"#);
    Some(ErrorBody { content_type: "application/problem+json", text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_json_and_people_get_a_page() {
        let kind = |path, status, content_type| Some(error_body(path, status, content_type)?.content_type);
        for (path, expected) in [
            ("/api", "application/problem+json"),
            ("/api/notes", "application/problem+json"),
            ("/apis", "text/html; charset=utf-8"),
            ("/notes", "text/html; charset=utf-8"),
        ] {
            for status in [400, 401, 403, 404, 500] {
                assert_eq!(kind(path, status, None), Some(expected), "{path}");
                assert_eq!(kind(path, status, Some("text/plain; charset=utf-8")), Some(expected), "{path}");
                assert_eq!(kind(path, status, Some("application/problem+json")), None, "{path}");
            }
            assert_eq!(kind(path, 200, None), None, "{path}");
        }
    }
}
