//! An application on axum whose sessions are in a store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

#[path = "../../login-core/tests/kept_sessions/mod.rs"]
mod kept_sessions;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http_body::{Body as HttpBody, Frame};
use kept_sessions::handlers::{
    confirm, data, end, end_all, end_others, log_in, log_out, name, put, sessions, shown, visit,
};
use kept_sessions::site::{Account, Answer, Answering, Anyone, Browser, Conflict, Sent, Site, find};
use kept_sessions::store::{CAUSE, WRITES, WatchedStore};
use login_axum::{Allowed, CurrentUser, Error, FreshUser, Login, LoginManager, MaybeUser, SecretKey};
use tower::ServiceExt;

type Connection = Arc<Mutex<Option<login_core::Login<Account>>>>;
type Handled<T = String> = Result<T, Error>;

struct Application {
    login: LoginManager<Account>,
    router: Router,
    connection: Connection,
}

impl IntoResponse for Conflict {
    fn into_response(self) -> Response {
        (StatusCode::CONFLICT, self.to_string()).into_response()
    }
}

/// A body of two parts, whose size is not known before.
struct Parts(u32);

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        Poll::Ready((self.0 <= 2).then(|| Ok(Frame::data(Bytes::from_static(b"put-")))))
    }
}

async fn all(
    current: CurrentUser<Account>,
    maybe: MaybeUser<Account>,
    fresh: FreshUser<Account>,
    optional: Option<CurrentUser<Account>>,
    login: Login<Account>,
) -> Handled {
    let user = login.user().await?.unwrap();
    for other in [&current.0, &fresh.0, &maybe.0.unwrap(), &optional.unwrap().0] {
        assert!(Arc::ptr_eq(&user, other), "the user is loaded once");
    }
    Ok(shown(Some(&user)))
}

async fn connect(State(connection): State<Connection>, login: Login<Account>) -> Handled {
    *connection.lock().unwrap() = Some((*login).clone());
    Ok(name(&login).await?)
}

async fn put_and_conflict(login: Login<Account>) -> Result<(), Conflict> {
    put(&login).unwrap();
    Err(Conflict)
}

/// Does something and fails then.
macro_rules! and_fail {
    ($login:ident => $does:expr) => {
        post(async |$login: Login<Account>| {
            let _ = $does;
            StatusCode::INTERNAL_SERVER_ERROR
        })
    };
}

fn reading(login: &LoginManager<Account>) -> Router<Connection> {
    Router::new()
        .route("/plain", get(async || "plain"))
        .route("/current", get(async |user: CurrentUser<Account>| shown(Some(&user))))
        .route("/fresh", get(async |user: FreshUser<Account, 600>| shown(Some(&user))))
        .route("/allowed", get(async |user: Allowed<Account, Anyone>| shown(Some(&user))))
        .route("/guarded", get(async || shown(Some(&Account("1".to_owned())))).layer(login.login_required()))
        .route(
            "/guarded-fresh",
            get(async || shown(Some(&Account("1".to_owned())))).layer(login.fresh_login_required()),
        )
        .route("/maybe", get(async |user: MaybeUser<Account>| shown(user.0.as_deref())))
        .route("/optional", get(async |user: Option<CurrentUser<Account>>| shown(user.as_deref())))
        .route("/handle", get(async |login: Login<Account>| Handled::Ok(name(&login).await?)))
        .route("/all", get(all).layer(login.fresh_login_required()))
        .route("/data", get(async |login: Login<Account>| Handled::Ok(data(&login).await?)))
        .route("/connect", get(connect))
        .route("/sessions", get(async |login: Login<Account>| Handled::Ok(sessions(&login).await?)))
        .route("/grpc/current", post(async |user: CurrentUser<Account>| shown(Some(&user))))
        .route("/grpc/handle", post(async |login: Login<Account>| Handled::Ok(name(&login).await?)))
}

fn changing() -> Router<Connection> {
    let log_in_page = async |login: Login<Account>| {
        log_in(&login).await?;
        Handled::Ok(login.redirect_to_next("/"))
    };
    Router::new()
        .route("/login", post(log_in_page))
        .route("/logout", post(async |login: Login<Account>| Handled::Ok(log_out(&login).await?)))
        .route("/put", post(async |login: Login<Account>| Handled::Ok(put(&login)?)))
        .route("/put-redirect", post(async |login: Login<Account>| Handled::Ok(Redirect::to(put(&login)?))))
        .route("/put-error", post(put_and_conflict))
        .route(
            "/put-stream",
            post(async |login: Login<Account>| Handled::Ok(put(&login).map(|_| Body::new(Parts(0)))?)),
        )
        .route("/visit", post(async |login: Login<Account>| Handled::Ok(visit(&login).await?)))
        .route("/confirm", post(async |login: Login<Account>| Handled::Ok(confirm(&login).await?)))
        .route("/end", post(async |login: Login<Account>| Handled::Ok(end(&login).await?)))
        .route("/end-others", post(async |login: Login<Account>| Handled::Ok(end_others(&login).await?)))
        .route("/end-all", post(async |login: Login<Account>| Handled::Ok(end_all(&login).await?)))
        .route("/put-and-fail", and_fail!(login => put(&login)))
        .route("/login-and-fail", and_fail!(login => log_in(&login).await))
        .route("/visit-and-fail", and_fail!(login => visit(&login).await))
        .route("/logout-and-fail", and_fail!(login => log_out(&login).await))
}

impl Site for Application {
    async fn start(store: Option<WatchedStore>) -> Self {
        let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
        let builder = match store {
            Some(store) => builder.session_store(store),
            None => builder,
        };
        let login = builder.build(find).unwrap();
        let connection = Connection::default();
        let routes = reading(&login).merge(changing()).with_state(connection.clone());
        Self { router: routes.layer(login.layer()), login, connection }
    }

    fn answer(&self, request: Sent) -> Answering<'_> {
        Box::pin(answer(self.router.clone(), request))
    }

    fn connection(&self) -> login_core::Login<Account> {
        self.connection.lock().unwrap().clone().unwrap()
    }

    async fn end_sessions_of(&self, id: &str) -> (usize, usize) {
        let id = id.to_owned();
        (self.login.end_sessions_of(&id).await.unwrap(), self.login.sessions_of(&id).await.unwrap().len())
    }
}

async fn answer(router: Router, Sent { method, path, headers }: Sent) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

kept_sessions::kept_sessions_tests!(Application, tokio::test);

async fn seen(State(store): State<WatchedStore>, request: Request, next: Next) -> impl IntoResponse {
    let response = next.run(request).await;
    let seen = format!("{} after {}", response.status().as_u16(), store.calls().join(" "));
    ([("x-seen", seen)], response)
}

/// What is outside of the layer gets the response when the session is written.
#[tokio::test]
async fn middleware_outside_sees_what_became_of_the_write() {
    let store = WatchedStore::default();
    let Application { login, router, connection } = Application::start(Some(store.clone())).await;
    let outside = from_fn_with_state(store.clone(), seen);
    let site = Application { login, router: router.layer(outside), connection };
    let mut browser = Browser::logged_in(&site, "1").await;
    let put = browser.post(&site, "/put?value=red").await;
    assert_eq!(put.values("x-seen"), ["200 after find update"]);
    store.fail(WRITES);
    let put = browser.post(&site, "/put?value=blue").await;
    assert_eq!((put.status, put.values("x-seen")), (500, vec!["500 after find update"]));
    assert!(!put.body.contains(CAUSE));
}
