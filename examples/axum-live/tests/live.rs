//! Both kinds of connection end with the login.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{Request, Response};
use axum_live::{Live, router};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tower::ServiceExt;

const INTERVAL: Duration = Duration::from_secs(5);

fn start(interval: Duration) -> (Router, broadcast::Sender<String>) {
    let room = broadcast::Sender::new(16);
    (router(Live { room: room.clone(), interval }).unwrap(), room)
}

/// Sends a request as a script does, so that a refusal is no redirect.
async fn send(app: &Router, method: &str, path: &str, cookie: &str, form: &'static str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).header(COOKIE, cookie).header("sec-fetch-mode", "cors");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form));
    app.clone().oneshot(request.unwrap()).await.unwrap()
}

/// Logs in, and returns the cookie.
async fn log_in(app: &Router) -> String {
    let response = send(app, "POST", "/login", "", "name=ann").await;
    let line = response.headers()[SET_COOKIE].to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}

/// It goes on while the login does, and ends within one interval. Between the checks, messages are
/// sent without a query: one that comes right after the end still arrives.
#[tokio::test(start_paused = true)]
async fn an_event_stream_ends_with_the_login() {
    let (app, room) = start(INTERVAL);
    let (here, elsewhere) = (log_in(&app).await, log_in(&app).await);
    let response = send(&app, "GET", "/events", &here, "").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    let mut events = response.into_body();
    let mut next = async || Some(events.frame().await?.unwrap().into_data().unwrap());

    room.send("ann: hello".to_owned()).unwrap();
    assert_eq!(next().await.unwrap(), "data: ann: hello\n\n");
    assert!(timeout(INTERVAL * 2, next()).await.is_err(), "the login goes on");

    let before = Instant::now();
    send(&app, "POST", "/end-others", &elsewhere, "").await;
    room.send("ann: still here".to_owned()).unwrap();
    assert_eq!(next().await.unwrap(), "data: ann: still here\n\n");
    assert_eq!(next().await, None);
    assert!(before.elapsed() <= INTERVAL);
    assert_eq!(send(&app, "GET", "/events", &here, "").await.status(), 401);
}

#[tokio::test]
async fn a_web_socket_ends_with_the_login() {
    let (app, _room) = start(Duration::from_millis(5));
    let (here, elsewhere) = (log_in(&app).await, log_in(&app).await);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app.clone()).into_future());

    let mut request = format!("ws://{address}/socket").into_client_request().unwrap();
    request.headers_mut().insert(COOKIE, here.parse().unwrap());
    let (mut socket, _) = client_async(request.clone(), TcpStream::connect(address).await.unwrap()).await.unwrap();
    for text in ["hello", "a\nb"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(format!("ann: {}", text.replace('\n', " "))));
    }

    send(&app, "POST", "/end-others", &elsewhere, "").await;
    let Message::Close(Some(close)) = socket.next().await.unwrap().unwrap() else { panic!("it goes on") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "You were logged out."));
    assert!(client_async(request, TcpStream::connect(address).await.unwrap()).await.is_err(), "401");
}

/// Visitors get nothing.
#[tokio::test]
async fn connections_need_a_login() {
    let (app, _room) = start(INTERVAL);
    for path in ["/events", "/socket"] {
        assert_eq!(send(&app, "GET", path, "", "").await.status(), 401, "{path}");
    }
}
