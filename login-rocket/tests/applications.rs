//! A small application on Rocket, as its developer writes and tests it: functions as loaders, a
//! request loader that reads forms, and a client that stays logged in.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot continue fails")]

mod common;

use std::borrow::Cow;
use std::convert::Infallible;

use login_rocket::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginManagerBuilder, LoginResponse, SecretKey, User,
};
use rocket::data::{Data, ToByteUnit};
use rocket::http::{ContentType, Cookie, Header, Status};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::response::Responder;
use rocket::{get, post, routes};

struct Account(i64);

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.0
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

async fn account(id: i64) -> Result<Option<Account>, Infallible> {
    Ok((id > 0).then_some(Account(id)))
}

/// Finds the user whom the form names, or the token.
async fn by_request(request: login_rocket::Request) -> Result<Option<Account>, Infallible> {
    let id = request.form_value("id").or_else(|| request.bearer_token().map(str::to_owned));
    Ok(id.and_then(|id| id.parse().ok()).map(Account))
}

/// The error type of the application, with one `From`.
#[derive(Responder)]
enum AppError {
    Login(Error),
    #[response(status = 404)]
    NoSuchAccount(()),
}

impl From<LoginError> for AppError {
    fn from(error: LoginError) -> Self {
        Self::Login(error.into())
    }
}

#[get("/me")]
fn me(user: CurrentUser<Account>) -> String {
    user.0.0.to_string()
}

#[get("/recent")]
fn recent(user: FreshUser<Account, 600>) -> String {
    user.0.0.to_string()
}

#[post("/body", data = "<body>")]
async fn body(user: CurrentUser<Account>, body: Data<'_>) -> String {
    let body = body.open(1.mebibytes()).into_bytes().await.unwrap();
    format!("{} {}", user.0.0, body.len())
}

#[post("/echo", data = "<body>")]
fn echo(body: Vec<u8>) -> Vec<u8> {
    body
}

#[post("/login?<id>")]
async fn log_in(login: Login<Account>, id: i64) -> Result<LoginResponse, AppError> {
    let user = account(id).await.unwrap_or_default().ok_or(AppError::NoSuchAccount(()))?;
    login.log_in(user).remember(true).await?;
    Ok(login.redirect_to_next("/me"))
}

#[post("/logout")]
async fn log_out(login: Login<Account>) -> Result<&'static str, AppError> {
    let was = login.user().await?;
    login.log_out().await?;
    Ok(if was.is_some() { "bye" } else { "who?" })
}

#[derive(Responder)]
struct OwnHeader(&'static str, Header<'static>);

#[post("/own")]
async fn own_header(login: Login<Account>) -> Result<OwnHeader, AppError> {
    login.log_out().await?;
    Ok(OwnHeader("", Header::new("clear-site-data", "\"cookies\"")))
}

type Builder = LoginManagerBuilder<Account>;

async fn app(change: impl FnOnce(Builder) -> Builder) -> (LoginManager<Account>, Client) {
    let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
    let login = change(builder.login_view("/login")).build(account).unwrap();
    let rocket = common::build()
        .attach(login.fairing())
        .mount("/", routes![me, recent, body, echo, log_in, log_out, own_header]);
    (login, Client::tracked(rocket).await.unwrap())
}

async fn send(request: LocalRequest<'_>) -> (u16, String) {
    text(request.dispatch().await).await
}

async fn text(response: LocalResponse<'_>) -> (u16, String) {
    let status = response.status().code;
    (status, response.into_string().await.unwrap_or_default())
}

#[rocket::async_test]
async fn a_tracked_client_stays_logged_in() {
    for flask in [false, true] {
        let (_, client) = app(|b| if flask { b.flask_compatible() } else { b }).await;
        assert_eq!(send(client.post("/login?id=-1")).await.0, 404, "the application's own error");
        assert_eq!(send(client.get("/me")).await.0, 302);
        assert_eq!(send(client.post("/login?id=7")).await.0, 303);
        assert_eq!(send(client.get("/me")).await, (200, "7".to_owned()));
        // Flask's cookies do not say when the user entered credentials.
        assert_eq!(send(client.get("/recent")).await.0, if flask { 401 } else { 200 });
        let remembered = client.cookies().iter().find(|cookie| cookie.name().contains("remember")).cloned().unwrap();
        assert_eq!(send(client.post("/logout")).await, (200, "bye".to_owned()));
        assert_eq!(send(client.get("/me")).await.0, 302);
        assert_eq!(send(client.post("/logout")).await, (200, "who?".to_owned()));

        let (_, closed) = app(|b| if flask { b.flask_compatible() } else { b }).await;
        assert_eq!(send(closed.get("/me").cookie(remembered)).await, (200, "7".to_owned()), "the browser was closed");
        assert_eq!(send(closed.get("/recent")).await.0, 401);
    }
}

#[rocket::async_test]
async fn a_test_login_has_all_cookies_of_a_client() {
    let (login, _) = app(|b| b).await;
    let hour = std::time::Duration::from_secs(3600);
    let fresh = login.test_login(Account(7)).await.unwrap();
    let old = login.test_login(Account(7)).age(hour).await.unwrap();
    let remembered = login.test_login(Account(7)).remembered(hour).without_session().await.unwrap();
    let expired = login.test_login(Account(7)).remembered(hour).without_session().age(hour).await.unwrap();
    for (cookies, me, recent) in [(fresh, 200, 200), (old, 200, 401), (remembered, 200, 401), (expired, 302, 302)] {
        let (_, client) = app(|b| b).await;
        let cookies: Vec<_> = cookies.into_iter().map(|(name, value)| Cookie::new(name, value)).collect();
        assert_eq!(send(client.get("/me").cookies(cookies.clone())).await.0, me);
        assert_eq!(send(client.get("/recent").cookies(cookies)).await.0, recent);
    }
    let error = login.test_login(Account(-1)).await.unwrap_err();
    assert!(format!("{error:?}").contains("user loader"), "{error:?}");
}

#[rocket::async_test]
async fn the_manager_itself_is_a_fairing() {
    let (login, _) = app(|b| b.login_view("/login")).await;
    let rocket = common::build().attach(login.clone()).mount("/", login.login_required().routes(routes![me]));
    let client = Client::tracked(rocket).await.unwrap();
    assert_eq!(send(client.get("/me")).await.0, 302);
    let cookie = login.test_login(Account(7)).await.unwrap().header();
    let request = client.get("/me").header(Header::new("cookie", cookie));
    assert_eq!(send(request).await, (200, "7".to_owned()));
    assert_eq!(send(client.post("/me").header(Header::new("sec-fetch-site", "cross-site"))).await.0, 403);
}

async fn post(client: &Client, path: &'static str, kind: ContentType, body: String) -> (u16, String) {
    // A local client sends no size by itself, as a browser does.
    let size = Header::new("content-length", body.len().to_string());
    let request = client.post(path).header(kind).header(Header::new("accept", "application/json"));
    send(request.header(size).body(body)).await
}

#[rocket::async_test]
async fn the_request_loader_sees_small_forms_and_the_handler_everything() {
    const LIMIT: usize = 512;
    let (_, client) = app(|b| b.request_loader(by_request).request_loader_reads_forms()).await;
    let (_, without) = app(|b| b.request_loader(by_request)).await;
    let form = |size: usize| format!("id=7&x={}", "x".repeat(size - "id=7&x=".len()));
    for size in [7, 100, LIMIT - 1, LIMIT, LIMIT + 1, 10 * LIMIT] {
        let seen = size <= LIMIT;
        let (status, text) = post(&client, "/body", ContentType::Form, form(size)).await;
        assert_eq!(status, if seen { 200 } else { 401 }, "{size}");
        if seen {
            assert_eq!(text, format!("7 {size}"));
        }
        assert_eq!(post(&client, "/echo", ContentType::Form, form(size)).await, (200, form(size)), "{size}");
        assert_eq!(post(&client, "/body", ContentType::Plain, form(size)).await.0, 401, "{size}");
        assert_eq!(post(&without, "/body", ContentType::Form, form(size)).await.0, 401, "{size}");
        assert_eq!(post(&without, "/echo", ContentType::Form, form(size)).await.1, form(size));
    }
    assert_eq!(post(&client, "/echo", ContentType::Form, String::new()).await, (200, String::new()));
    let unknown_size = client.post("/body").header(ContentType::Form).body(form(511));
    assert_eq!(send(unknown_size).await, (200, "7 511".to_owned()), "without a size in advance");
}

#[rocket::async_test]
async fn a_token_can_come_first_and_the_response_varies_by_it() {
    for first in [false, true] {
        let (login, client) = app(|b| {
            let b = b.request_loader(by_request);
            if first { b.request_loader_first() } else { b }
        })
        .await;
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        let request = client.get("/me").header(Header::new("cookie", cookie));
        let response = request.header(Header::new("authorization", "Bearer 2")).dispatch().await;
        let vary: Vec<_> = response.headers().get("vary").collect();
        assert_eq!(vary, [if first { "cookie, authorization" } else { "cookie" }]);
        assert_eq!(text(response).await, (200, if first { "2" } else { "1" }.to_owned()));
    }
}

#[rocket::async_test]
async fn a_logout_can_clear_the_browsers_cache() {
    for clears in [false, true] {
        let (login, client) = app(|b| if clears { b.clear_site_data() } else { b }).await;
        let cookie = login.test_login(Account(1)).await.unwrap().header();
        for (path, expected) in [
            ("/logout", if clears { &["\"cache\""][..] } else { &[] }),
            ("/login?id=1", &[]),
            ("/own", &["\"cookies\""]),
        ] {
            let response = client.post(path).header(Header::new("cookie", cookie.clone())).dispatch().await;
            assert!(response.status() == Status::Ok || response.status() == Status::SeeOther);
            assert_eq!(response.headers().get("clear-site-data").collect::<Vec<_>>(), expected, "{path}");
        }
    }
}
