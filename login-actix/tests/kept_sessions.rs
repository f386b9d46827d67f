//! An application on actix-web whose sessions are in a store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

#[path = "../../login-core/tests/kept_sessions/mod.rs"]
mod kept_sessions;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpResponse, ResponseError, test, web};
use kept_sessions::handlers::{
    confirm, data, end, end_all, end_others, log_in, log_out, name, put, sessions, shown, visit,
};
use kept_sessions::site::{Account, Answer, Answering, Anyone, Browser, Conflict, Sent, Site, find};
use kept_sessions::store::{WRITES, WatchedStore};
use login_actix::{Allowed, CurrentUser, Error, FreshUser, Login, LoginManager, MaybeUser, SecretKey};

type Connection = Arc<Mutex<Option<login_core::Login<Account>>>>;
type Handled<T = String> = Result<T, Error>;
type Send = dyn Fn(Sent) -> Pin<Box<dyn Future<Output = Answer>>>;

struct Application {
    login: LoginManager<Account>,
    send: Rc<Send>,
    connection: Connection,
}

impl ResponseError for Conflict {
    fn status_code(&self) -> StatusCode {
        StatusCode::CONFLICT
    }
}

/// A body of two parts, whose size is not known before.
struct Parts(u32);

impl MessageBody for Parts {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, std::convert::Infallible>>> {
        self.0 += 1;
        Poll::Ready((self.0 <= 2).then(|| Ok(web::Bytes::from_static(b"put-"))))
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

async fn connect(connection: web::Data<Connection>, login: Login<Account>) -> Handled {
    *connection.lock().unwrap() = Some((*login).clone());
    Ok(name(&login).await?)
}

async fn put_and_conflict(login: Login<Account>) -> Result<&'static str, Conflict> {
    put(&login).unwrap();
    Err(Conflict)
}

async fn guarded() -> String {
    shown(Some(&Account("1".to_owned())))
}

/// Does something and fails then.
macro_rules! and_fail {
    ($login:ident => $does:expr) => {
        web::post().to(async |$login: Login<Account>| {
            let _ = $does;
            HttpResponse::InternalServerError().finish()
        })
    };
}

fn reading(app: &mut web::ServiceConfig, login: &LoginManager<Account>) {
    let fresh = || login.fresh_login_required();
    app.route("/plain", web::get().to(async || "plain"))
        .route("/current", web::get().to(async |user: CurrentUser<Account>| shown(Some(&user))))
        .route("/fresh", web::get().to(async |user: FreshUser<Account, 600>| shown(Some(&user))))
        .route("/allowed", web::get().to(async |user: Allowed<Account, Anyone>| shown(Some(&user))))
        .service(web::resource("/guarded").wrap(login.login_required()).to(guarded))
        .service(web::resource("/guarded-fresh").wrap(fresh()).to(guarded))
        .route("/maybe", web::get().to(async |user: MaybeUser<Account>| shown(user.0.as_deref())))
        .route("/handle", web::get().to(async |login: Login<Account>| Handled::Ok(name(&login).await?)))
        .service(web::resource("/all").wrap(fresh()).to(all))
        .route("/data", web::get().to(async |login: Login<Account>| Handled::Ok(data(&login).await?)))
        .route("/connect", web::get().to(connect))
        .route("/sessions", web::get().to(async |login: Login<Account>| Handled::Ok(sessions(&login).await?)))
        .route("/grpc/current", web::post().to(async |user: CurrentUser<Account>| shown(Some(&user))))
        .route("/grpc/handle", web::post().to(async |login: Login<Account>| Handled::Ok(name(&login).await?)))
        .route("/optional", web::get().to(async |user: Option<CurrentUser<Account>>| shown(user.as_deref())));
}

fn changing(app: &mut web::ServiceConfig) {
    let log_in_page = async |login: Login<Account>| {
        log_in(&login).await?;
        Handled::Ok(login.redirect_to_next("/"))
    };
    let redirect = async |login: Login<Account>| {
        Handled::Ok(HttpResponse::SeeOther().insert_header(("Location", put(&login)?)).finish())
    };
    let stream = async |login: Login<Account>| Handled::Ok(put(&login).map(|_| HttpResponse::Ok().body(Parts(0)))?);
    app.route("/login", web::post().to(log_in_page))
        .route("/logout", web::post().to(async |login: Login<Account>| Handled::Ok(log_out(&login).await?)))
        .route("/put", web::post().to(async |login: Login<Account>| Handled::Ok(put(&login)?)))
        .route("/put-redirect", web::post().to(redirect))
        .route("/put-error", web::post().to(put_and_conflict))
        .route("/put-stream", web::post().to(stream))
        .route("/visit", web::post().to(async |login: Login<Account>| Handled::Ok(visit(&login).await?)))
        .route("/confirm", web::post().to(async |login: Login<Account>| Handled::Ok(confirm(&login).await?)))
        .route("/end", web::post().to(async |login: Login<Account>| Handled::Ok(end(&login).await?)))
        .route("/end-others", web::post().to(async |login: Login<Account>| Handled::Ok(end_others(&login).await?)))
        .route("/end-all", web::post().to(async |login: Login<Account>| Handled::Ok(end_all(&login).await?)))
        .route("/put-and-fail", and_fail!(login => put(&login)))
        .route("/login-and-fail", and_fail!(login => log_in(&login).await))
        .route("/visit-and-fail", and_fail!(login => visit(&login).await))
        .route("/logout-and-fail", and_fail!(login => log_out(&login).await))
        .route("/flash-and-fail", web::post().to(async |login: Login<Account>| Err::<&str, _>(Flashing(login))))
        .service(
            web::resource("/flash-in-middleware")
                .wrap(from_fn(refuse_flashing))
                .to(async || "the middleware answers instead"),
        )
        .route(
            "/flashes",
            web::post().to(async |login: Login<Account>| {
                let flashes = login.take_flashes()?;
                Handled::Ok(flashes.into_iter().map(|flash| flash.message).collect::<Vec<_>>().join(" "))
            }),
        );
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
        let app = App::new()
            .app_data(web::Data::new(connection.clone()))
            .configure(|app| reading(app, &login))
            .configure(changing)
            .wrap(login.middleware());
        let app = Rc::new(test::init_service(app).await);
        let send = move |sent: Sent| -> Pin<Box<dyn Future<Output = Answer>>> {
            let app = Rc::clone(&app);
            Box::pin(async move { answer(app.call(request(sent).to_request()).await).await })
        };
        Self { login, send: Rc::new(send), connection }
    }

    fn answer(&self, request: Sent) -> Answering<'_> {
        (self.send)(request)
    }

    fn connection(&self) -> login_core::Login<Account> {
        self.connection.lock().unwrap().clone().unwrap()
    }

    async fn end_sessions_of(&self, id: &str) -> (usize, usize) {
        let id = id.to_owned();
        (self.login.end_sessions_of(&id).await.unwrap(), self.login.sessions_of(&id).await.unwrap().len())
    }
}

fn request(Sent { method, path, headers }: Sent) -> test::TestRequest {
    let request = test::TestRequest::with_uri(&path).method(Method::from_bytes(method.as_bytes()).unwrap());
    headers.into_iter().fold(request, |request, header| request.insert_header(header))
}

async fn answer<B: MessageBody + 'static>(called: Result<ServiceResponse<B>, actix_web::Error>) -> Answer {
    let response = match called {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        // What actix-web's server does with an error.
        Err(error) => error.error_response(),
    };
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = to_bytes(response.into_body()).await.unwrap();
    Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

kept_sessions::kept_sessions_tests!(Application, actix_web::test);

/// An error whose response flashes a message.
struct Flashing(Login<Account>);

impl std::fmt::Debug for Flashing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flashing")
    }
}

impl std::fmt::Display for Flashing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("flashing")
    }
}

impl ResponseError for Flashing {
    fn error_response(&self) -> HttpResponse {
        let flashed = self.0.flash("hello");
        HttpResponse::Conflict().body(if flashed.is_ok() { "flashed" } else { "too late" })
    }
}

async fn refuse_flashing(
    login: Login<Account>,
    _: ServiceRequest,
    _: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Err(Flashing(login).into())
}

/// The response of an error is made before the session is written, and made once.
#[actix_web::test]
async fn what_the_response_of_an_error_flashes_is_written() {
    let store = WatchedStore::default();
    let site = Application::start(Some(store.clone())).await;
    let mut browser = Browser::logged_in(&site, "1").await;
    for page in ["/flash-and-fail", "/flash-in-middleware"] {
        let answer = browser.post(&site, page).await;
        assert_eq!((answer.status, &*answer.body), (409, "flashed"), "{page}");
        assert_eq!(browser.post(&site, "/flashes").await.body, "hello", "{page}");
        store.fail(WRITES);
        let answer = browser.post(&site, page).await;
        assert_eq!((answer.status, answer.values("set-cookie").len()), (500, 0), "{page}");
        assert!(!answer.body.contains("flash"), "{page}: {}", answer.body);
        store.fail(&[]);
        assert_eq!(browser.post(&site, "/flashes").await.body, "", "{page}");
    }
}
