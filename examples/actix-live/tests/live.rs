//! Both kinds of connection end with the login.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot continue fails")]

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use actix_live::{Live, Member, app, login};
use actix_web::HttpServer;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use actix_web::test::{TestRequest, call_service, init_service};
use futures_util::{SinkExt, StreamExt};
use login_actix::LoginManager;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const INTERVAL: Duration = Duration::from_secs(5);

/// An application under test. Each request is sent to a new `App`, as if another thread of the server
/// handled it.
struct Application {
    login: LoginManager<Member>,
    live: Live,
}

impl Application {
    fn new(interval: Duration) -> Self {
        Self { login: login().unwrap(), live: Live { room: broadcast::Sender::new(16), interval } }
    }

    /// Sends a request as a script does, so that a refusal is no redirect.
    async fn send(&self, request: TestRequest, cookie: &str) -> ServiceResponse<BoxBody> {
        let app = init_service(app(self.login.clone(), self.live.clone())).await;
        let request = request.insert_header((COOKIE, cookie)).insert_header(("sec-fetch-mode", "cors"));
        call_service(&app, request.to_request()).await.map_into_boxed_body()
    }

    /// Logs in, and returns the cookie.
    async fn log_in(&self) -> String {
        let response = self.send(TestRequest::post().uri("/login").set_form([("name", "ann")]), "").await;
        let line = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        line.split(';').next().unwrap().to_owned()
    }

    async fn end_others(&self, cookie: &str) {
        assert_eq!(self.send(TestRequest::post().uri("/end-others"), cookie).await.status(), 303);
    }
}

/// It goes on while the login does, and ends within one interval. Between the checks, messages are
/// sent without a query: one that comes right after the end still arrives.
#[actix_web::test]
async fn an_event_stream_ends_with_the_login() {
    tokio::time::pause();
    let application = Application::new(INTERVAL);
    let room = &application.live.room;
    let (here, elsewhere) = (application.log_in().await, application.log_in().await);
    let response = application.send(TestRequest::get().uri("/events"), &here).await;
    assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "text/event-stream");
    let mut events = pin!(response.into_body());
    let mut next = async || poll_fn(|context| events.as_mut().poll_next(context)).await.map(Result::unwrap);

    room.send("ann: hello".to_owned()).unwrap();
    assert_eq!(next().await.unwrap(), "data: ann: hello\n\n");
    assert!(timeout(INTERVAL * 2, next()).await.is_err(), "the login goes on");

    let before = Instant::now();
    application.end_others(&elsewhere).await;
    room.send("ann: still here".to_owned()).unwrap();
    assert_eq!(next().await.unwrap(), "data: ann: still here\n\n");
    assert_eq!(next().await, None);
    assert!(before.elapsed() <= INTERVAL);
    assert_eq!(application.send(TestRequest::get().uri("/events"), &here).await.status(), 401);
}

#[actix_web::test]
async fn a_web_socket_ends_with_the_login() {
    let application = Application::new(Duration::from_millis(5));
    let (here, elsewhere) = (application.log_in().await, application.log_in().await);
    let (login, live) = (application.login.clone(), application.live.clone());
    let server = HttpServer::new(move || app(login.clone(), live.clone())).workers(1).bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());

    let mut request = format!("ws://{address}/socket").into_client_request().unwrap();
    request.headers_mut().insert("cookie", here.parse().unwrap());
    let (mut socket, _) = client_async(request.clone(), TcpStream::connect(address).await.unwrap()).await.unwrap();
    for text in ["hello", "a\nb"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(format!("ann: {}", text.replace('\n', " "))));
    }

    application.end_others(&elsewhere).await;
    let Message::Close(Some(close)) = socket.next().await.unwrap().unwrap() else { panic!("it goes on") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "You were logged out."));
    assert!(client_async(request, TcpStream::connect(address).await.unwrap()).await.is_err(), "401");
}

/// Visitors get nothing.
#[actix_web::test]
async fn connections_need_a_login() {
    let application = Application::new(INTERVAL);
    for path in ["/events", "/socket"] {
        assert_eq!(application.send(TestRequest::get().uri(path), "").await.status(), 401, "{path}");
    }
}
