//! The example `flask_login_on_actix` does what the first program in Flask-Login's README does.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

#[path = "../examples/flask_login_on_actix.rs"]
#[allow(dead_code, reason = "`main` serves the application, and this test does not")]
mod flask_login_on_actix;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::test::{TestRequest, init_service};

const GOOD: &str = "email=foo%40bar.tld&password=secret";
const BAD: &str = "email=foo%40bar.tld&password=guess";

#[actix_web::test]
async fn it_logs_in_by_the_form_and_by_a_form_in_any_request() {
    let login = flask_login_on_actix::login().unwrap();
    let app = init_service(App::new().configure(flask_login_on_actix::routes).wrap(login.middleware())).await;
    let send = async |request: TestRequest, path: &str, cookie: &str, body: &'static str| {
        let request = request.uri(path).insert_header(("cookie", cookie)).set_payload(body);
        let request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
        let response = app.call(request.to_request()).await.unwrap();
        let cookie = response.headers().get("set-cookie").map_or("", |line| line.to_str().unwrap()).to_owned();
        let (status, body) = (response.status().as_u16(), to_bytes(response.into_body()).await.unwrap());
        (status, String::from_utf8(body.to_vec()).unwrap(), cookie)
    };
    let (get, post) = (TestRequest::get, TestRequest::post);
    assert!(send(get(), "/login", "", "").await.1.contains("<form method='POST'>"));
    assert_eq!(send(post(), "/login", "", BAD).await, (200, "Bad login".to_owned(), String::new()));
    let (status, _, line) = send(post(), "/login", "", GOOD).await;
    assert_eq!(status, 303);
    let cookie = line.split(';').next().unwrap();
    let welcome = (200, "Logged in as: foo@bar.tld".to_owned(), String::new());
    assert_eq!(send(get(), "/protected", cookie, "").await, welcome);
    assert_eq!(send(get(), "/protected", "", GOOD).await, welcome, "by the request loader");
    let unauthorized = (401, "Unauthorized".to_owned(), String::new());
    assert_eq!(send(get(), "/protected", "", BAD).await, unauthorized);
    assert_eq!(send(get(), "/protected", "", "").await, unauthorized);
    let (status, text, line) = send(post(), "/logout", cookie, "").await;
    assert_eq!((status, &*text), (200, "Logged out"));
    assert!(line.contains("Max-Age=0"), "{line}");
}

/// Python's program has 53 lines that are not blank.
#[test]
fn it_has_at_most_one_and_a_half_times_the_lines() {
    let lines = include_str!("../examples/flask_login_on_actix.rs").lines().filter(|line| !line.trim().is_empty());
    assert!(lines.count() <= 53 * 3 / 2);
}
