//! The example `flask_login_on_rocket` does what the first program in Flask-Login's README does.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

#[path = "../examples/flask_login_on_rocket.rs"]
#[allow(dead_code, reason = "`main` serves the application, and this test does not")]
mod flask_login_on_rocket;

use rocket::http::{ContentType, Header, Method};
use rocket::local::blocking::Client;

const GOOD: &str = "email=foo%40bar.tld&password=secret";
const BAD: &str = "email=foo%40bar.tld&password=guess";

#[test]
fn it_logs_in_by_the_form_and_by_a_form_in_any_request() {
    let client = Client::untracked(flask_login_on_rocket::app().unwrap()).unwrap();
    let send = |method: Method, path: &'static str, cookie: &str, body: &str| {
        let request = client.req(method, path).header(Header::new("cookie", cookie.to_owned()));
        let response = request.header(ContentType::Form).body(body).dispatch();
        let cookie = response.headers().get_one("set-cookie").unwrap_or_default().to_owned();
        (response.status().code, response.into_string().unwrap_or_default(), cookie)
    };
    use Method::{Get, Post};
    assert!(send(Get, "/login", "", "").1.contains("<form method='POST'>"));
    assert_eq!(send(Post, "/login", "", BAD), (200, "Bad login".to_owned(), String::new()));
    let (status, _, line) = send(Post, "/login", "", GOOD);
    assert_eq!(status, 303);
    let cookie = line.split(';').next().unwrap();
    let welcome = (200, "Logged in as: foo@bar.tld".to_owned(), String::new());
    assert_eq!(send(Get, "/protected", cookie, ""), welcome);
    assert_eq!(send(Get, "/protected", "", GOOD), welcome, "by the request loader");
    let unauthorized = (401, "Unauthorized".to_owned(), String::new());
    assert_eq!(send(Get, "/protected", "", BAD), unauthorized);
    assert_eq!(send(Get, "/protected", "", ""), unauthorized);
    let (status, text, line) = send(Post, "/logout", cookie, "");
    assert_eq!((status, &*text), (200, "Logged out"));
    assert!(line.contains("Max-Age=0"), "{line}");
}

/// Python's program has 53 lines that are not blank.
#[test]
fn it_has_at_most_one_and_a_half_times_the_lines() {
    let lines = include_str!("../examples/flask_login_on_rocket.rs").lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() <= 53 * 3 / 2);
}
