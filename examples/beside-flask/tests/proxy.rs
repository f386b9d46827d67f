//! What the proxy passes on. Another server stands in for Flask, so this needs no Python.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod browser;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};
use beside_flask::{Blueprint, router};
use browser::{Browser, serve};
use login_axum::SecretKey;
use tokio::net::TcpListener;

fn key() -> SecretKey {
    SecretKey::from_text("a key that both sides have, of 32 bytes").unwrap()
}

/// A browser at the application, with this instead of Flask.
async fn before(stand_in: Router) -> Browser {
    let flask = serve(stand_in).await;
    Browser::new(serve(router(&[Blueprint::Account], key(), flask).unwrap()).await)
}

async fn echo(request: Request) -> String {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    lines.extend(request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    lines.join("\n")
}

#[tokio::test]
async fn flask_learns_who_the_client_is_and_not_from_the_client() {
    let mut browser = before(Router::new().fallback(echo)).await;
    for (name, value) in [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=192.0.2.7"),
        ("connection", "x-for-this-connection, keep-alive"),
        ("x-for-this-connection", "1"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
    ] {
        browser.headers.append(name, HeaderValue::from_static(value));
    }
    let answer = browser.get("/a%20page?a=b&c=%2F").await;
    let mut lines: Vec<_> = answer.body.lines().collect();
    lines.sort_unstable();
    let host = format!("host: {}", browser.address());
    let expected = [
        "GET /a%20page?a=b&c=%2F",
        &host,
        "user-agent: browser",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_response_is_passed_on_whole() {
    let cookies = async || AppendHeaders([(SET_COOKIE, "a=1; Path=/"), (SET_COOKIE, "b=2; HttpOnly")]);
    let upload = async |headers: HeaderMap, body: String| {
        Response::builder().status(418).header("x-type", &headers[CONTENT_TYPE]).body(body).unwrap()
    };
    let mut browser = before(Router::new().route("/cookies", get(cookies)).route("/upload", post(upload))).await;

    let answer = browser.get("/cookies").await;
    assert_eq!(answer.headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1; Path=/", "b=2; HttpOnly"]);
    assert_eq!(answer.headers.get("vary"), None, "the login layer has no part in it");

    let form = "text=".to_owned() + &"x".repeat(200_000);
    let answer = browser.post("/upload", &form).await;
    assert_eq!((answer.status, answer.body == form), (418, true));
    assert_eq!(answer.headers["x-type"], "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn without_flask_what_is_moved_still_works() {
    let nobody: SocketAddr = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let app = router(&[Blueprint::Account], key(), nobody).unwrap();
    let mut browser = Browser::new(serve(app).await);
    assert_eq!(browser.get("/").await.status, 502);
    assert_eq!(browser.get("/account").await.location(), "/login?next=%2Faccount");
}

/// A page that is moved has the cross-site check. Flask's pages are answered as before.
#[tokio::test]
async fn the_layer_is_around_what_is_moved_only() {
    let mut browser = before(Router::new().fallback(async || "Flask".into_response())).await;
    browser.headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    assert_eq!(browser.post("/account", "colour=blue").await.status, 403);
    assert_eq!(browser.post("/webhook", "").await.body, "Flask");
}
