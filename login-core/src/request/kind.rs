//! What kind of client sent a request, which decides how a refusal is answered.

use crate::answer::Kind;
use crate::request::view::Request;

/// The kind of answer that a request can use.
pub(crate) fn of(request: &Request) -> Kind {
    if let Some(media) = grpc(request) {
        Kind::Grpc(media)
    } else if is_navigation(request) {
        Kind::Navigation
    } else if prefers_json(request) {
        Kind::Json
    } else {
        Kind::Other
    }
}

/// Whether a browser goes to a page. Browsers say so in `Sec-Fetch-Mode` (Fetch Metadata).
/// They do not send it over plain HTTP, and old browsers and curl do not know it. Then it is a
/// navigation unless there is a sign of a program.
fn is_navigation(request: &Request) -> bool {
    match first(request, "sec-fetch-mode") {
        Some(b"") | None => !is_program(request) && accepts_pages(request) && !prefers_json(request),
        Some(mode) => mode == b"navigate",
    }
}

fn is_program(request: &Request) -> bool {
    let has = |name| first(request, name).is_some();
    let is_script =
        first(request, "x-requested-with").is_some_and(|value| value.eq_ignore_ascii_case(b"XMLHttpRequest"));
    has("upgrade") || has("authorization") || has("hx-request") || is_script
}

/// Whether `Accept` is absent, is `*/*`, or names `text/html`. What a browser accepts for an
/// image or a stylesheet has other forms.
fn accepts_pages(request: &Request) -> bool {
    let mut is_any = true;
    for (media, weight) in accepted(request) {
        if weight > 0 && media == "text/html" {
            return true;
        }
        is_any &= media == "*/*";
    }
    is_any
}

/// The media type of a gRPC or gRPC-Web request.
fn grpc(request: &Request) -> Option<&'static str> {
    let media = first(request, "content-type")?;
    ["application/grpc-web-text", "application/grpc-web", "application/grpc"].into_iter().find(|name| {
        let (start, rest) = media.split_at_checked(name.len()).unwrap_or_default();
        start.eq_ignore_ascii_case(name.as_bytes()) && matches!(rest.trim_ascii_start(), [] | [b'+' | b';', ..])
    })
}

fn first<'r>(request: &'r Request, name: &'static str) -> Option<&'r [u8]> {
    request.header_lines(name).next().map(<[u8]>::trim_ascii)
}

/// The media types in `Accept`, in lower case, with their weights in thousandths.
fn accepted(request: &Request) -> impl Iterator<Item = (String, u32)> + '_ {
    let lines = request.header_lines("accept").filter_map(|line| std::str::from_utf8(line).ok());
    let items = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weights = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        (media, weights.map_or(1000, weight))
    })
}

/// Whether the client prefers JSON to a page: `Accept` has `application/json` or `+json`
/// with a higher weight than `text/html`. Wildcards do not count (RFC 9110, 12.5.1).
fn prefers_json(request: &Request) -> bool {
    let (mut json, mut html) = (0, 0);
    for (media, weight) in accepted(request) {
        if media == "application/json" || media.ends_with("+json") {
            json = json.max(weight);
        } else if media == "text/html" || media == "application/xhtml+xml" {
            html = html.max(weight);
        }
    }
    json > html
}

/// A weight in thousandths. An invalid weight counts as 0.
fn weight(text: &str) -> u32 {
    match text.trim().parse::<f32>() {
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0) as u32,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> Request {
        Request::new("GET", "/")
    }

    #[test]
    fn browsers_say_whether_they_go_to_a_page() {
        for (mode, expected) in [
            ("navigate", Kind::Navigation),
            ("cors", Kind::Other),
            ("no-cors", Kind::Other),
            ("same-origin", Kind::Other),
            ("websocket", Kind::Other),
            ("Navigate", Kind::Other),
            ("", Kind::Navigation),
        ] {
            assert_eq!(of(&get().with_header("Sec-Fetch-Mode", mode.as_bytes())), expected, "{mode}");
        }
        let staging = get().with_header("sec-fetch-mode", b"navigate").with_header("authorization", b"Basic YTpi");
        assert_eq!(of(&staging), Kind::Navigation);
    }

    #[test]
    fn without_fetch_metadata_a_program_shows_itself() {
        assert_eq!(of(&get()), Kind::Navigation);
        for (name, value, expected) in [
            ("accept", "*/*", Kind::Navigation),
            ("accept", "", Kind::Navigation),
            ("accept", "*/*;q=0.8", Kind::Navigation),
            ("accept", "text/html,application/xhtml+xml,*/*;q=0.8", Kind::Navigation),
            ("accept", "text/html, application/json", Kind::Navigation),
            ("accept", "application/json", Kind::Json),
            ("accept", "application/json, text/plain, */*", Kind::Json),
            ("accept", "text/html;q=0.5, application/json;q=0.6", Kind::Json),
            ("accept", "text/html;q=0", Kind::Other),
            ("accept", "text/event-stream", Kind::Other),
            ("accept", "image/avif,image/webp,*/*;q=0.8", Kind::Other),
            ("accept", "text/css,*/*;q=0.1", Kind::Other),
            ("upgrade", "websocket", Kind::Other),
            ("authorization", "Bearer x", Kind::Other),
            ("authorization", "Basic x", Kind::Other),
            ("x-requested-with", "xmlhttprequest", Kind::Other),
            ("x-requested-with", "com.example.app", Kind::Navigation),
            ("hx-request", "true", Kind::Other),
            ("content-type", "application/x-www-form-urlencoded", Kind::Navigation),
            ("content-type", "application/grpc", Kind::Grpc("application/grpc")),
            ("content-type", "application/grpc+proto", Kind::Grpc("application/grpc")),
            ("content-type", "Application/gRPC ; x=y", Kind::Grpc("application/grpc")),
            ("content-type", "application/grpc-web+proto", Kind::Grpc("application/grpc-web")),
            ("content-type", "application/grpc-web-text", Kind::Grpc("application/grpc-web-text")),
            ("content-type", "application/grpcs", Kind::Navigation),
        ] {
            assert_eq!(of(&get().with_header(name, value.as_bytes())), expected, "{name}: {value}");
        }
    }

    #[test]
    fn json_is_preferred_only_above_html() {
        for (accept, expected) in [
            ("application/json", true),
            ("application/problem+json", true),
            ("application/json, text/html;q=0.9", true),
            ("text/html, application/json", false),
            ("text/html;q=0.5, application/json;q=0.6", true),
            ("*/*", false),
            ("", false),
            ("application/json;q=0", false),
            ("application/json;q=x", false),
            ("text/html, application/json;q=2", false),
            ("image/png, application/json;q=0.5", true),
            ("application/xhtml+xml, application/json", false),
            ("application/json;charset=utf-8; q=0.3 , text/html; q=0.2", true),
        ] {
            assert_eq!(prefers_json(&get().with_header("Accept", accept.as_bytes())), expected, "{accept}");
        }
        assert!(!prefers_json(&get()));
    }
}
