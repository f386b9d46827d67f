//! The cases on Rocket: bare, our library, and Rocket's private cookies.

use login_rocket::{CurrentUser, Login, LoginManager, MaybeUser};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::{Build, Data, Request, Response, Rocket, get, post, routes};

use crate::meter::Meter;
use crate::users::{self, Account, KEY, Wire, ann};

pub mod peer;

pub fn build() -> Rocket<Build> {
    let config = rocket::Config::figment()
        .merge(("log_level", "off"))
        .merge(("cli_colors", false))
        .merge(("secret_key", KEY.as_bytes()))
        .merge(("ident", false));
    rocket::custom(config)
}

async fn repeat(meter: &mut Meter, rocket: Rocket<Build>, method: &str, cookies: &str, expected: Status) {
    let (rocket, expected) = match (meter.is_bare, method) {
        (false, _) => (rocket, expected),
        (true, "POST") => (both(), Status::NoContent),
        (true, _) => (both(), Status::Ok),
    };
    let client = Client::untracked(rocket).await.expect("a Rocket that launches");
    let prepare = || {
        let mut request = if method == "POST" { client.post("/") } else { client.get("/") };
        request.set_remote((users::ADDRESS, 51312).into());
        for (name, value) in users::HEADERS {
            request.add_header(Header::new(name, value));
        }
        if !cookies.is_empty() {
            // Rocket parses the Cookie header of real requests only, so cookies are added to local ones.
            for cookie in cookies.split("; ") {
                request = request.cookie(rocket::http::Cookie::parse_encoded(cookie.to_owned()).expect("a cookie"));
            }
            request.add_header(Header::new("cookie", cookies.to_owned()));
        }
        request
    };
    let play = async |request: rocket::local::asynchronous::LocalRequest<'_>| {
        assert_eq!(request.dispatch().await.status(), expected);
    };
    meter.repeat(prepare, play).await;
}

#[get("/")]
fn hello() -> &'static str {
    "hello"
}

#[post("/")]
fn hello_post() -> Status {
    Status::NoContent
}

pub fn hello_only() -> Rocket<Build> {
    build().mount("/", routes![hello])
}

fn both() -> Rocket<Build> {
    build().mount("/", routes![hello, hello_post])
}

pub async fn bare(meter: &mut Meter) {
    repeat(meter, both(), "GET", "", Status::Ok).await;
}

struct Nothing;

#[rocket::async_trait]
impl Fairing for Nothing {
    fn info(&self) -> Info {
        Info { name: "nothing", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, _: &mut Request<'_>, _: &mut Data<'_>) {}

    async fn on_response<'r>(&self, _: &'r Request<'_>, _: &mut Response<'r>) {}
}

pub async fn nothing(meter: &mut Meter) {
    let cookies = users::login_cookie(manager(Wire::Native).test_login(ann()), false);
    repeat(meter, hello_only().attach(Nothing), "GET", &cookies, Status::Ok).await;
}

pub fn manager(wire: Wire) -> LoginManager<Account> {
    users::configured(LoginManager::builder, wire)
}

pub async fn mounted(meter: &mut Meter) {
    let login = manager(Wire::Native);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat(meter, hello_only().attach(login.fairing()), "GET", &cookies, Status::Ok).await;
}

#[get("/")]
fn maybe(user: MaybeUser<Account>) -> &'static str {
    assert!(user.0.is_none());
    "hello"
}

pub async fn anonymous(meter: &mut Meter) {
    let rocket = build().mount("/", routes![maybe]).attach(manager(Wire::Native).fairing());
    repeat(meter, rocket, "GET", users::OTHER_COOKIES, Status::Ok).await;
}

#[get("/")]
fn page(user: CurrentUser<Account>) -> &'static str {
    assert_eq!(user.name(), "user 412");
    "hello"
}

pub fn private(login: &LoginManager<Account>) -> Rocket<Build> {
    build().mount("/", routes![page]).attach(login.fairing())
}

pub async fn logged_in(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    repeat(meter, private(&login), "GET", &cookies, Status::Ok).await;
}

/// The cookie was made by Flask, which compresses it.
pub async fn logged_in_at_flask(meter: &mut Meter) {
    let login = users::at_flask(LoginManager::builder);
    repeat(meter, private(&login), "GET", &users::cookies(users::FLASK_SESSION), Status::Ok).await;
}

pub async fn remembered(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), true);
    repeat(meter, private(&login), "GET", &cookies, Status::Ok).await;
}

#[post("/")]
async fn log_in_handler(login: Login<Account>) -> Status {
    login.log_in(ann()).await.expect("a login");
    Status::NoContent
}

pub async fn log_in(meter: &mut Meter, wire: Wire) {
    let rocket = build().mount("/", routes![log_in_handler]).attach(manager(wire).fairing());
    repeat(meter, rocket, "POST", users::OTHER_COOKIES, Status::NoContent).await;
}

#[post("/")]
async fn log_out_handler(login: Login<Account>) -> Status {
    login.log_out().await.expect("a logout");
    Status::NoContent
}

pub async fn log_out(meter: &mut Meter, wire: Wire) {
    let login = manager(wire);
    let cookies = users::login_cookie(login.test_login(ann()), false);
    let rocket = build().mount("/", routes![log_out_handler]).attach(login.fairing());
    repeat(meter, rocket, "POST", &cookies, Status::NoContent).await;
}
