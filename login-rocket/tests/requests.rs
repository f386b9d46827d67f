//! What an application on Rocket relies on, tested with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use login_rocket::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginRequired, MaybeUser, SecretKey, User,
    UserLoader,
};
use rocket::error::ErrorKind;
use rocket::http::{Header, Status};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::{Build, Rocket, catch, catchers, get, post, routes};

struct Account {
    id: String,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}

#[derive(Clone, Default)]
struct Accounts {
    loads: Arc<AtomicU32>,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl UserLoader for Accounts {
    type User = Account;
    type Error = &'static str;

    async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if self.hangs.swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err("hunter2 is the database password");
        }
        Ok(Some(Account { id: id.to_owned() }))
    }
}

#[get("/many")]
fn many(
    _guard: LoginRequired<Account>,
    a: CurrentUser<Account>,
    b: FreshUser<Account>,
    c: MaybeUser<Account>,
) -> String {
    assert!(Arc::ptr_eq(&a.0, &b.0) && Arc::ptr_eq(&a.0, &c.0.unwrap()));
    a.id.clone()
}

#[get("/option")]
fn option(user: Option<CurrentUser<Account>>) -> String {
    user.is_some().to_string()
}

#[get("/ranked", rank = 1)]
fn for_users(_user: CurrentUser<Account>) -> &'static str {
    "for users"
}

#[get("/ranked", rank = 2)]
fn for_anyone() -> &'static str {
    "for anyone"
}

#[get("/later/<_number>", rank = 1)]
fn later(_number: u8, _user: CurrentUser<Account>) -> &'static str {
    "fine"
}

#[get("/own/<_page>", rank = 1)]
fn own(_page: u8, _user: CurrentUser<Account>) -> &'static str {
    "for users"
}

/// Answers with its own 401.
#[get("/own/<_page>", rank = 2)]
fn own_refusal(_page: u8) -> Status {
    Status::Unauthorized
}

/// Answers with its own 404, with and without a login.
#[get("/hidden")]
fn hidden(_user: Option<CurrentUser<Account>>) -> Status {
    Status::NotFound
}

#[get("/item/<_slug>", rank = 1)]
fn item(_slug: &str, _user: CurrentUser<Account>) -> &'static str {
    "fine"
}

#[get("/item/<_id>", rank = 2)]
fn item_by_number(_id: u32) -> &'static str {
    "by number"
}

#[post("/item/<_slug>", rank = 1)]
fn rename(_slug: &str, _user: CurrentUser<Account>) -> &'static str {
    "fine"
}

/// Answers with its own 422. It needs no login.
#[post("/item/<_slug>", rank = 2)]
fn suggest(_slug: &str) -> Status {
    Status::UnprocessableEntity
}

#[get("/maybe")]
fn maybe(user: MaybeUser<Account>) -> String {
    user.0.is_some().to_string()
}

#[get("/shared")]
fn shared(_user: MaybeUser<Account>) -> (Status, Shared) {
    (Status::Ok, Shared)
}

#[get("/in")]
async fn logs_in(login: Login<Account>) -> Result<Shared, Error> {
    login.log_in(Account { id: "1".to_owned() }).await?;
    Ok(Shared)
}

/// A response that shared caches may store.
struct Shared;

impl<'r> rocket::response::Responder<'r, 'static> for Shared {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        rocket::Response::build().raw_header("Cache-Control", "public, max-age=60").raw_header("Vary", "Cookie").ok()
    }
}

/// Forwards with 404, after the guard of the first route forwarded with 401.
#[get("/later/<_word>", rank = 2)]
fn other(_word: u8, _guard: NotFound) -> &'static str {
    "never"
}

struct NotFound;

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for NotFound {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> rocket::request::Outcome<Self, ()> {
        rocket::request::Outcome::Forward(Status::NotFound)
    }
}

#[get("/panics")]
async fn panics(login: Login<Account>) -> &'static str {
    let _user = login.user().await;
    panic!("on purpose")
}

#[get("/flashes")]
fn flashes(login: Login<Account>) -> Result<Status, Error> {
    login.flash("hello")?;
    Ok(Status::NotFound)
}

#[post("/post")]
fn posted() -> &'static str {
    "posted"
}

#[catch(401)]
fn own_catcher() -> &'static str {
    "a page of our own"
}

fn manager(accounts: &Accounts) -> LoginManager<Account> {
    LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .login_view("/login")
        .build(accounts.clone())
        .unwrap()
}

fn rocket(login: &LoginManager<Account>) -> Rocket<Build> {
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::debug_default() };
    rocket::custom(config)
        .attach(login.fairing())
        .mount("/", routes![many, option, for_users, for_anyone, later, other, panics, flashes, posted])
        .mount("/", routes![own, own_refusal, maybe, shared, logs_in])
        .mount("/", routes![hidden, item, item_by_number, rename, suggest])
}

fn cookie(login: &LoginManager<Account>) -> Header<'static> {
    Header::new("Cookie", login.test_login(Account { id: "1".to_owned() }).now().unwrap().header())
}

fn header<'r>(response: &'r LocalResponse<'_>, name: &str) -> Option<&'r str> {
    response.headers().get_one(name)
}

#[test]
fn the_user_is_loaded_once_per_request() {
    let accounts = Accounts::default();
    let login = manager(&accounts);
    let client = Client::untracked(rocket(&login)).unwrap();
    let response = client.get("/many").header(cookie(&login)).dispatch();
    assert_eq!(header(&response, "cache-control"), Some("private, no-cache"));
    assert_eq!(response.into_string().unwrap(), "1");
    assert_eq!(accounts.loads.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refusal_is_answered_once_and_only_if_no_route_handles_the_request() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login)).unwrap();
    let response = client.get("/ranked").dispatch();
    assert_eq!(header(&response, "set-cookie"), None);
    assert_eq!(response.into_string().unwrap(), "for anyone");
    assert_eq!(client.get("/ranked").header(cookie(&login)).dispatch().into_string().unwrap(), "for users");
    assert_eq!(client.get("/option").dispatch().into_string().unwrap(), "false");
    for (path, next) in [("/many?a=b", "%2Fmany%3Fa%3Db"), ("/later/1", "%2Flater%2F1"), ("/item/abc", "%2Fitem%2Fabc")]
    {
        let response = client.get(path).dispatch();
        assert_eq!(response.status(), Status::Found, "{path}");
        assert_eq!(header(&response, "location").unwrap(), format!("/login?next={next}"));
        assert_eq!(response.headers().get("set-cookie").count(), 1, "one message was flashed");
    }
    assert_eq!(client.get("/nowhere").dispatch().status(), Status::NotFound);
    let response = client.get("/own/1").dispatch();
    assert_eq!(response.status(), Status::Unauthorized, "a later route's own answer is kept");
    assert_eq!((header(&response, "location"), header(&response, "set-cookie")), (None, None));
    assert_eq!(client.get("/item/1").dispatch().into_string().unwrap(), "by number");
    assert_eq!(client.get("/hidden").dispatch().status(), Status::NotFound, "the handler's own status");
    assert_eq!(client.post("/item/abc").dispatch().status(), Status::UnprocessableEntity, "the handler's own status");
}

#[test]
fn next_is_the_complete_path_below_a_mount_point() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login).mount("/deep", routes![many])).unwrap();
    let response = client.get("/deep/many?x=%25").dispatch();
    assert_eq!(header(&response, "location"), Some("/login?next=%2Fdeep%2Fmany%3Fx%3D%2525"));
}

#[derive(Default)]
struct Kept(std::sync::Mutex<Option<Login<Account>>>);

#[get("/kept")]
fn keep(login: Login<Account>, kept: &rocket::State<Kept>) {
    *kept.0.lock().unwrap() = Some(login);
}

#[test]
fn a_change_after_the_response_is_an_error() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login).manage(Kept::default()).mount("/", routes![keep])).unwrap();
    assert_eq!(client.get("/kept").dispatch().status(), Status::Ok);
    let Kept(kept) = client.rocket().state().unwrap();
    let login = kept.lock().unwrap().take().unwrap();
    assert!(matches!(login.insert("a", "b"), Err(LoginError::ResponseBegun)));
}

#[test]
fn cache_control_and_vary_are_set() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login)).unwrap();
    for (path, cache_control) in [("/shared", "public, max-age=60"), ("/in", "private, no-cache")] {
        let response = client.get(path).header(cookie(&login)).dispatch();
        assert_eq!(header(&response, "cache-control"), Some(cache_control), "{path}");
        assert_eq!(response.headers().get("vary").collect::<Vec<_>>(), ["Cookie"]);
    }
}

#[test]
fn cookies_are_set_with_catchers_and_other_fairings() {
    #[catch(404)]
    fn lost(request: &rocket::Request<'_>) -> String {
        format!("{} is lost", request.uri())
    }
    let login = manager(&Accounts::default());
    let other = rocket::fairing::AdHoc::on_response("other", |_, response| {
        Box::pin(async move {
            response.set_raw_header("X-Other", "1");
        })
    });
    let client = Client::untracked(rocket(&login).register("/", catchers![lost]).attach(other)).unwrap();
    let response = client.get("/flashes").dispatch();
    assert_eq!(header(&response, "x-other"), Some("1"));
    assert!(header(&response, "set-cookie").unwrap().starts_with("__Host-session="));
    assert_eq!(response.into_string().unwrap(), "/flashes is lost");
}

struct Staff;
impl User for Staff {
    type Id = String;

    fn id(&self) -> String {
        "s".to_owned()
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}
struct StaffLoader;
impl UserLoader for StaffLoader {
    type User = Staff;
    type Error = std::convert::Infallible;
    async fn load_user(&self, _: String) -> Result<Option<Staff>, Self::Error> {
        Ok(Some(Staff))
    }
}
#[get("/both")]
fn both(a: MaybeUser<Account>, b: MaybeUser<Staff>) -> String {
    format!("{} {}", a.0.is_some(), b.0.is_some())
}

#[test]
fn two_user_types_have_separate_logins() {
    let login = manager(&Accounts::default());
    let launch = |session: &'static str| {
        let staff = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
            .session_cookie(|cookie| cookie.name(session))
            .remember_cookie(|cookie| cookie.name("__Host-staff-remember"))
            .build(StaffLoader)
            .unwrap();
        Client::untracked(rocket(&login).attach(staff.fairing()).mount("/", routes![both])).map_err(Box::new)
    };
    let client = launch("__Host-staff").unwrap();
    assert_eq!(client.get("/both").header(cookie(&login)).dispatch().into_string().unwrap(), "true false");
    let cross_site = client.post("/post").header(Header::new("Sec-Fetch-Site", "cross-site"));
    assert_eq!(cross_site.dispatch().status(), Status::Forbidden);
    // With the same cookie name, a customer's cookie could log in as staff.
    assert!(matches!(launch("__Host-session").unwrap_err().kind(), ErrorKind::FailedFairings(_)));
}

#[test]
fn a_catcher_of_the_application_answers_a_refusal() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login).register("/many", catchers![own_catcher])).unwrap();
    let response = client.get("/many").dispatch();
    assert_eq!((response.status(), header(&response, "set-cookie")), (Status::Unauthorized, None));
    assert_eq!(header(&response, "vary"), Some("cookie"));
    assert_eq!(response.into_string().unwrap(), "a page of our own");
    assert_eq!(client.get("/later/1").dispatch().status(), Status::Found, "the catcher is for another path");
}

#[test]
fn a_failed_load_is_a_500_without_the_cause() {
    let accounts = Accounts::default();
    accounts.fails.store(true, Ordering::SeqCst);
    let login = manager(&accounts);
    let client = Client::untracked(rocket(&login)).unwrap();
    for path in ["/many", "/option", "/ranked", "/maybe"] {
        let response = client.get(path).header(cookie(&login)).dispatch();
        assert_eq!(response.status(), Status::InternalServerError, "{path}");
        assert_eq!(header(&response, "set-cookie"), None, "{path}");
        assert!(!response.into_string().unwrap().contains("hunter2"), "{path}");
    }
}

#[test]
fn a_missing_fairing_aborts_the_launch() {
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::debug_default() };
    for routes in [routes![many], routes![option], routes![flashes]] {
        let error = Client::untracked(rocket::custom(&config).mount("/", routes)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error:?}");
    }
    let login = manager(&Accounts::default());
    let managed = rocket::custom(&config).manage(login.clone()).mount("/", routes![many]);
    let error = Client::untracked(managed).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::SentinelAborts(_)),
        "managed state does not replace the fairing: {error:?}"
    );
    let twice = Client::untracked(rocket(&login).attach(login.fairing())).unwrap_err();
    assert!(matches!(twice.kind(), ErrorKind::FailedFairings(_)), "{twice:?}");
}

#[test]
fn panics_affect_no_other_request_and_error_pages_set_cookies() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login)).unwrap();
    assert_eq!(client.get("/panics").header(cookie(&login)).dispatch().status(), Status::InternalServerError);
    let response = client.get("/flashes").dispatch();
    assert_eq!(response.status(), Status::NotFound);
    assert!(header(&response, "set-cookie").unwrap().starts_with("__Host-session="));
    assert_eq!(client.get("/many").header(cookie(&login)).dispatch().status(), Status::Ok);
}

#[test]
fn cross_site_posts_do_not_reach_a_handler() {
    let login = manager(&Accounts::default());
    let client = Client::untracked(rocket(&login)).unwrap();
    for (site, status) in [("cross-site", Status::Forbidden), ("same-origin", Status::Ok)] {
        let request = client.post("/post").header(Header::new("Sec-Fetch-Site", site));
        assert_eq!(request.dispatch().status(), status);
    }
}

#[rocket::async_test]
async fn a_cancelled_request_leaves_nothing_locked() {
    let accounts = Accounts::default();
    let login = manager(&accounts);
    accounts.hangs.store(true, Ordering::SeqCst);
    let client = rocket::local::asynchronous::Client::untracked(rocket(&login)).await.unwrap();
    let request = || client.get("/many").header(cookie(&login));
    let mut hanging = Box::pin(request().dispatch());
    let waker = std::task::Waker::noop();
    assert!(hanging.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    drop(hanging);
    assert_eq!(request().dispatch().await.status(), Status::Ok);
}
