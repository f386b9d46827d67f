//! Login isolation on Rocket: who gets past a guard, and what a response keeps of a login.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use login_rocket::{
    AllowUnauthenticatedOptions, CurrentUser, Error, FreshLoginRequired, Login, LoginManager, LoginRequired, MaybeUser,
    SecretKey, User, UserLoader,
};
use rocket::http::{Header, Method, Status};
use rocket::local::blocking::Client;
use rocket::{State, get, options, routes};

struct Account {
    id: String,
    is_active: bool,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn is_active(&self) -> bool {
        self.is_active
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}

fn account(id: &str) -> Account {
    Account { id: id.to_owned(), is_active: true }
}

#[derive(Clone, Default)]
struct Accounts {
    fails: Arc<AtomicBool>,
    deactivated: Arc<AtomicBool>,
}

impl UserLoader for Accounts {
    type User = Account;
    type Error = &'static str;

    async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
        if self.fails.load(Ordering::SeqCst) {
            return Err("no table");
        }
        Ok(Some(Account { is_active: !self.deactivated.load(Ordering::SeqCst), ..account(&id) }))
    }
}

const SESSION: &str = "__Host-session";
const REMEMBER: &str = "__Host-remember_token";

/// How often a guarded handler ran.
#[derive(Default)]
struct Runs(AtomicU32);

fn run(runs: &State<Runs>) -> &'static str {
    runs.0.fetch_add(1, Ordering::SeqCst);
    "ran"
}

#[options("/any")]
fn any(_guard: LoginRequired<Account>, runs: &State<Runs>) -> &'static str {
    run(runs)
}

#[options("/fresh")]
fn fresh(_guard: FreshLoginRequired<Account>, runs: &State<Runs>) -> &'static str {
    run(runs)
}

#[options("/user")]
fn user(_user: CurrentUser<Account>, runs: &State<Runs>) -> &'static str {
    run(runs)
}

type Open = AllowUnauthenticatedOptions<LoginRequired<Account>>;

#[options("/open")]
fn open(_guard: Open, runs: &State<Runs>) -> &'static str {
    run(runs)
}

#[get("/open")]
fn get_open(_guard: Open, runs: &State<Runs>) -> &'static str {
    run(runs)
}

async fn log_in(login: &Login<Account>) -> Result<(), Error> {
    login.log_in(account("2")).remember(true).await?;
    Ok(login.insert("colour", "red")?)
}

#[get("/failed")]
async fn failed(login: Login<Account>) -> Result<&'static str, Error> {
    log_in(&login).await?;
    login.insert("_user_id", "x")?;
    Ok("reserved")
}

#[get("/plain")]
async fn plain(login: Login<Account>) -> Status {
    log_in(&login).await.unwrap();
    Status::ServiceUnavailable
}

#[get("/out-and-fail")]
async fn out_and_fail(login: Login<Account>) -> Status {
    login.log_out().await.unwrap();
    Status::InternalServerError
}

#[get("/put")]
fn put(login: Login<Account>) -> Result<&'static str, Error> {
    login.insert("cart", "apple")?;
    login.insert("secret", "x")?;
    Ok("")
}

#[get("/keep")]
async fn keep(login: Login<Account>) -> Result<&'static str, Error> {
    login.flash("bye")?;
    login.log_out().keep(["cart"]).await?;
    Ok("")
}

#[get("/out")]
async fn out(login: Login<Account>) -> Result<&'static str, Error> {
    login.log_out().await?;
    Ok("")
}

#[get("/left")]
fn left(login: Login<Account>) -> String {
    format!("{:?} {}", login.keys(), login.take_flashes().unwrap().len())
}

#[get("/both")]
async fn both(login: Login<Account>, maybe: MaybeUser<Account>) -> String {
    let (user, any) = (login.user().await.unwrap(), login.user_including_inactive().await.unwrap());
    format!("{} {} {}", user.is_some(), any.is_some(), maybe.0.is_some())
}

#[get("/current")]
fn current(_user: CurrentUser<Account>) -> &'static str {
    ""
}

#[get("/confirm/<id>")]
async fn confirm(login: Login<Account>, id: &str) -> Result<String, Error> {
    login.confirm(&account(id)).await?;
    Ok(login.login_fresh().await?.to_string())
}

struct Site {
    accounts: Accounts,
    login: LoginManager<Account>,
    client: Client,
}

fn site() -> Site {
    let accounts = Accounts::default();
    let login = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .build(accounts.clone())
        .unwrap();
    let routes = routes![
        any,
        fresh,
        user,
        open,
        get_open,
        failed,
        plain,
        out_and_fail,
        put,
        keep,
        out,
        left,
        both,
        current,
        confirm
    ];
    let rocket = rocket::custom(rocket::Config { log_level: rocket::config::LogLevel::Off, ..Default::default() });
    let rocket = rocket.manage(Runs::default()).attach(login.fairing()).mount("/", routes);
    Site { accounts, login, client: Client::untracked(rocket).unwrap() }
}

/// A response: its status, its Set-Cookie lines and its body.
struct Answer {
    status: Status,
    lines: Vec<String>,
    body: String,
}

impl Answer {
    /// The names of the cookies that the response sets, and of those that it deletes.
    fn changes(&self) -> (Vec<&str>, Vec<&str>) {
        fn names(lines: Vec<&String>) -> Vec<&str> {
            lines.into_iter().map(|line| line.split('=').next().unwrap()).collect()
        }
        let (deleted, set) = self.lines.iter().partition::<Vec<_>, _>(|line| line.contains("Max-Age=0"));
        (names(set), names(deleted))
    }

    fn jar(&self) -> String {
        let kept = self.lines.iter().filter(|line| !line.contains("Max-Age=0"));
        kept.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }
}

impl Site {
    fn cookies(&self) -> String {
        self.login.test_login(account("1")).remembered(Duration::from_secs(600)).now().unwrap().header()
    }

    fn send(&self, method: Method, path: &'static str, cookie: &str) -> Answer {
        let request = self.client.req(method, path).header(Header::new("Cookie", cookie.to_owned()));
        let response = request.dispatch();
        let lines = response.headers().get("set-cookie").map(str::to_owned).collect();
        Answer { status: response.status(), lines, body: response.into_string().unwrap_or_default() }
    }

    fn get(&self, path: &'static str, cookie: &str) -> Answer {
        self.send(Method::Get, path, cookie)
    }
}

#[test]
fn options_requests_are_guarded() {
    let site = site();
    let runs = || site.client.rocket().state::<Runs>().unwrap().0.load(Ordering::SeqCst);
    for path in ["/any", "/fresh", "/user"] {
        assert_eq!(site.send(Method::Options, path, "").status, Status::Unauthorized, "{path}");
    }
    assert_eq!(runs(), 0);
    assert_eq!(site.send(Method::Options, "/any", &site.cookies()).status, Status::Ok);
    assert_eq!(site.send(Method::Options, "/open", "").status, Status::Ok);
    assert_eq!(site.get("/open", "").status, Status::Unauthorized);
    assert_eq!(runs(), 2);
}

#[test]
fn a_failed_response_logs_no_one_in() {
    let site = site();
    for cookie in [String::new(), site.cookies()] {
        for path in ["/failed", "/plain"] {
            let answer = site.get(path, &cookie);
            assert!(answer.status.code >= 500);
            assert_eq!(answer.changes(), (vec![], vec![]), "{path}");
        }
    }
    assert_eq!(site.get("/out-and-fail", &site.cookies()).changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[test]
fn a_logout_holds_even_if_the_loader_fails() {
    let site = site();
    let cookie = site.login.test_login(account("1")).now().unwrap().header();
    site.accounts.fails.store(true, Ordering::SeqCst);
    let answer = site.get("/out", &cookie);
    assert_eq!(answer.status, Status::InternalServerError);
    assert_eq!(answer.changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[test]
fn a_logout_drops_the_data_except_what_it_keeps() {
    let site = site();
    let full = site.get("/put", &site.cookies()).jar();
    let kept = site.get("/keep", &full).jar();
    assert_eq!(site.get("/left", &kept).body, r#"["cart"] 1"#);
    assert_eq!(site.get("/out", &full).changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[test]
fn a_deactivated_user_counts_as_no_user() {
    let site = site();
    let cookie = site.cookies();
    site.accounts.deactivated.store(true, Ordering::SeqCst);
    assert_eq!(site.get("/both", &cookie).body, "false true false");
    assert_eq!(site.get("/current", &cookie).status, Status::Unauthorized);
}

#[test]
fn only_the_user_of_a_login_confirms_it() {
    let site = site();
    let stale = site.login.test_login(account("1")).fresh(false).now().unwrap().header();
    assert_eq!(site.get("/confirm/2", &stale).status, Status::Forbidden);
    assert_eq!(site.get("/confirm/1", "").status, Status::Unauthorized);
    assert_eq!(site.get("/confirm/1", &stale).body, "true");
}
