//! An application on Rocket whose sessions are in a store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

#[path = "../../login-core/tests/kept_sessions/mod.rs"]
mod kept_sessions;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use kept_sessions::site::{Account, Answer, Answering, Anyone, Browser, Conflict, Sent, Site, find};
use kept_sessions::store::{WRITES, WatchedStore};
use kept_sessions::{handlers, handlers::shown};
use login_rocket::{
    Allowed, CurrentUser, Error, FreshLoginRequired, FreshUser, Login, LoginManager, LoginRequired, LoginResponse,
    MaybeUser, SecretKey,
};
use rocket::http::{Header, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::response::stream::TextStream;
use rocket::response::{Redirect, Responder, Response};
use rocket::{Request, State, catch, catchers, get, post, routes};

type Connection = Arc<Mutex<Option<login_core::Login<Account>>>>;

struct Application {
    login: LoginManager<Account>,
    client: Client,
    connection: Connection,
}

impl<'r> Responder<'r, 'static> for Conflict {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let text = self.to_string();
        Response::build().status(Status::Conflict).sized_body(text.len(), Cursor::new(text)).ok()
    }
}

#[get("/plain")]
fn plain() -> &'static str {
    "plain"
}

#[get("/current")]
fn current(user: CurrentUser<Account>) -> String {
    shown(Some(&user))
}

#[get("/fresh")]
fn fresh(user: FreshUser<Account, 600>) -> String {
    shown(Some(&user))
}

#[get("/allowed")]
fn allowed(user: Allowed<Account, Anyone>) -> String {
    shown(Some(&user))
}

#[get("/guarded")]
fn guarded() -> String {
    shown(Some(&Account("1".to_owned())))
}

#[get("/guarded-fresh")]
fn guarded_fresh(_guard: LoginRequired<Account>, _fresh: FreshLoginRequired<Account>) -> String {
    shown(Some(&Account("1".to_owned())))
}

#[get("/maybe")]
fn maybe(user: MaybeUser<Account>) -> String {
    shown(user.0.as_deref())
}

#[get("/optional")]
fn optional(user: Option<CurrentUser<Account>>) -> String {
    shown(user.as_deref())
}

#[get("/handle")]
async fn handle(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::name(&login).await?)
}

#[get("/all")]
async fn all(
    current: CurrentUser<Account>,
    maybe: MaybeUser<Account>,
    fresh: FreshUser<Account>,
    optional: Option<CurrentUser<Account>>,
    login: Login<Account>,
) -> Result<String, Error> {
    let user = login.user().await?.unwrap();
    for other in [&current.0, &fresh.0, &maybe.0.unwrap(), &optional.unwrap().0] {
        assert!(Arc::ptr_eq(&user, other), "the user is loaded once");
    }
    Ok(shown(Some(&user)))
}

#[post("/grpc/current")]
fn grpc_current(user: CurrentUser<Account>) -> String {
    shown(Some(&user))
}

#[post("/grpc/handle")]
async fn grpc_handle(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::name(&login).await?)
}

#[get("/data")]
async fn data(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::data(&login).await?)
}

#[get("/connect")]
async fn connect(connection: &State<Connection>, login: Login<Account>) -> Result<String, Error> {
    *connection.lock().unwrap() = Some((*login).clone());
    Ok(handlers::name(&login).await?)
}

#[get("/sessions")]
async fn sessions(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::sessions(&login).await?)
}

#[post("/login?<user>")]
async fn log_in(login: Login<Account>, user: &str) -> Result<LoginResponse, Error> {
    login.log_in(Account(user.to_owned())).remember(true).await?;
    Ok(login.redirect_to_next("/"))
}

#[post("/logout")]
async fn log_out(login: Login<Account>) -> Result<&'static str, Error> {
    Ok(handlers::log_out(&login).await?)
}

#[post("/put")]
fn put(login: Login<Account>) -> Result<&'static str, Error> {
    Ok(handlers::put(&login)?)
}

#[post("/put-redirect")]
fn put_redirect(login: Login<Account>) -> Result<Redirect, Error> {
    Ok(Redirect::to(handlers::put(&login)?))
}

#[post("/put-error")]
fn put_error(login: Login<Account>) -> Result<&'static str, Conflict> {
    handlers::put(&login).unwrap();
    Err(Conflict)
}

#[post("/put-stream")]
fn put_stream(login: Login<Account>) -> Result<TextStream![&'static str], Error> {
    handlers::put(&login)?;
    Ok(TextStream! {
        yield "put-";
        yield "put-";
    })
}

#[post("/visit")]
async fn visit(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::visit(&login).await?)
}

#[post("/confirm")]
async fn confirm(login: Login<Account>) -> Result<&'static str, Error> {
    Ok(handlers::confirm(&login).await?)
}

#[post("/end")]
async fn end(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::end(&login).await?)
}

#[post("/end-others")]
async fn end_others(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::end_others(&login).await?)
}

#[post("/end-all")]
async fn end_all(login: Login<Account>) -> Result<String, Error> {
    Ok(handlers::end_all(&login).await?)
}

#[post("/put-and-fail")]
fn put_and_fail(login: Login<Account>) -> Status {
    handlers::put(&login).unwrap();
    Status::InternalServerError
}

#[post("/login-and-fail")]
async fn log_in_and_fail(login: Login<Account>) -> Status {
    handlers::log_in(&login).await.unwrap();
    Status::InternalServerError
}

#[post("/visit-and-fail")]
async fn visit_and_fail(login: Login<Account>) -> Status {
    handlers::visit(&login).await.unwrap();
    Status::InternalServerError
}

#[post("/logout-and-fail")]
async fn log_out_and_fail(login: Login<Account>) -> Status {
    let _ = handlers::log_out(&login).await;
    Status::InternalServerError
}

/// Counts the pages that a visitor did not find.
#[catch(404)]
async fn not_found(request: &Request<'_>) -> String {
    match request.guard::<Login<Account>>().await.succeeded() {
        Some(login) => {
            let counted = login.update("missed", |missed: Option<u32>| missed.unwrap_or(0) + 1);
            format!("missed {:?}", counted.and_then(|()| login.get::<u32>("missed")).ok().flatten())
        }
        None => "missed".to_owned(),
    }
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
        let reading =
            routes![plain, current, fresh, allowed, guarded_fresh, maybe, optional, handle, data, connect, sessions];
        let changing = routes![
            log_in,
            log_out,
            put,
            put_redirect,
            put_error,
            put_stream,
            visit,
            confirm,
            end,
            end_others,
            end_all
        ];
        let failing = routes![put_and_fail, log_in_and_fail, visit_and_fail, log_out_and_fail];
        let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::debug_default() };
        let rocket = rocket::custom(config)
            .manage(connection.clone())
            .attach(login.fairing())
            .mount("/", [reading, changing, failing, routes![grpc_current, grpc_handle]].concat())
            .mount("/", login.login_required().routes(routes![guarded]))
            .mount("/", login.fresh_login_required().routes(routes![all]))
            .register("/", catchers![not_found]);
        Self { login, client: Client::untracked(rocket).await.unwrap(), connection }
    }

    fn answer(&self, Sent { method, path, headers }: Sent) -> Answering<'_> {
        Box::pin(async move {
            let request = self.client.req(method.parse::<Method>().unwrap(), path);
            let headers = headers.into_iter().map(|(name, value)| Header::new(name, value));
            let response = headers.fold(request, |request, header| request.header(header)).dispatch().await;
            let status = response.status().code;
            let headers = response.headers().iter();
            let headers =
                headers.map(|header| (header.name().as_str().to_ascii_lowercase(), header.value().to_owned()));
            let headers = headers.collect();
            Answer { status, headers, body: response.into_string().await.unwrap_or_default() }
        })
    }

    fn connection(&self) -> login_core::Login<Account> {
        self.connection.lock().unwrap().clone().unwrap()
    }

    async fn end_sessions_of(&self, id: &str) -> (usize, usize) {
        let id = id.to_owned();
        (self.login.end_sessions_of(&id).await.unwrap(), self.login.sessions_of(&id).await.unwrap().len())
    }
}

kept_sessions::kept_sessions_tests!(Application, rocket::async_test);

#[rocket::async_test]
async fn what_a_catcher_changes_is_written() {
    let store = WatchedStore::default();
    let site = Application::start(Some(store.clone())).await;
    let mut browser = Browser::logged_in(&site, "1").await;
    for expected in ["missed Some(1)", "missed Some(2)"] {
        let missed = browser.get(&site, "/nowhere").await;
        assert_eq!((missed.status, &*missed.body), (404, expected));
    }
    store.fail(WRITES);
    let missed = browser.get(&site, "/nowhere").await;
    assert_eq!((missed.status, missed.values("set-cookie").len()), (500, 0));
    assert!(!missed.body.contains("missed"), "{}", missed.body);
    store.fail(&[]);
    assert_eq!(browser.get(&site, "/nowhere").await.body, "missed Some(3)");
}
