//! The example `flask_login_on_axum` does what the first program in Flask-Login's README does.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

#[path = "../examples/flask_login_on_axum.rs"]
#[allow(dead_code, reason = "`main` serves the application, and this test does not")]
mod flask_login_on_axum;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

const GOOD: &str = "email=foo%40bar.tld&password=secret";
const BAD: &str = "email=foo%40bar.tld&password=guess";

#[tokio::test]
async fn it_logs_in_by_the_form_and_by_a_form_in_any_request() {
    let app = flask_login_on_axum::app().unwrap();
    let send = async |method: &str, path: &str, cookie: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(path).header("cookie", cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body));
        let response = app.clone().oneshot(request.unwrap()).await.unwrap();
        let cookie = response.headers().get("set-cookie").map_or("", |line| line.to_str().unwrap()).to_owned();
        let (status, body) = (response.status().as_u16(), to_bytes(response.into_body(), 10_000).await.unwrap());
        (status, String::from_utf8(body.to_vec()).unwrap(), cookie)
    };
    assert!(send("GET", "/login", "", "").await.1.contains("<form method='POST'>"));
    assert_eq!(send("POST", "/login", "", BAD).await, (200, "Bad login".to_owned(), String::new()));
    let (status, _, line) = send("POST", "/login", "", GOOD).await;
    assert_eq!(status, 303);
    let cookie = line.split(';').next().unwrap();
    let welcome = (200, "Logged in as: foo@bar.tld".to_owned(), String::new());
    assert_eq!(send("GET", "/protected", cookie, "").await, welcome);
    assert_eq!(send("GET", "/protected", "", GOOD).await, welcome, "by the request loader");
    let unauthorized = (401, "Unauthorized".to_owned(), String::new());
    assert_eq!(send("GET", "/protected", "", BAD).await, unauthorized);
    assert_eq!(send("GET", "/protected", "", "").await, unauthorized);
    let (status, text, line) = send("POST", "/logout", cookie, "").await;
    assert_eq!((status, &*text), (200, "Logged out"));
    assert!(line.contains("Max-Age=0"), "{line}");
}

/// Python's program has 53 lines that are not blank.
#[test]
fn it_has_at_most_one_and_a_half_times_the_lines() {
    let lines = include_str!("../examples/flask_login_on_axum.rs").lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() <= 53 * 3 / 2);
}
