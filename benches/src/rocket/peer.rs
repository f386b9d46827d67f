//! Rocket's private cookies. A request guard does the rest of a login.

use rocket::http::{CookieJar, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::{Build, Request, Rocket, get, post, routes};

use super::{build, repeat};
use crate::meter::Meter;
use crate::users::{Account, NUMBER, cookies, find, pair};

struct LoggedIn(Account);

fn user(jar: &CookieJar<'_>) -> Option<Account> {
    jar.get_private("user")?.value().parse().ok().and_then(find)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LoggedIn {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match user(request.cookies()) {
            Some(user) => Outcome::Success(Self(user)),
            None => Outcome::Forward(Status::Unauthorized),
        }
    }
}

#[get("/")]
fn page(user: LoggedIn) -> &'static str {
    assert_eq!(user.0.name(), "user 412");
    "hello"
}

#[get("/")]
fn maybe(jar: &CookieJar<'_>) -> &'static str {
    assert!(user(jar).is_none());
    "hello"
}

#[post("/")]
fn log_in_handler(jar: &CookieJar<'_>) -> Status {
    jar.add_private(("user", NUMBER.to_string()));
    Status::NoContent
}

#[post("/")]
fn log_out_handler(jar: &CookieJar<'_>) -> Status {
    jar.remove_private("user");
    Status::NoContent
}

pub fn private() -> Rocket<Build> {
    build().mount("/", routes![page])
}

/// The Cookie header of a browser that logged in.
pub async fn login_cookie() -> String {
    let client = Client::untracked(build().mount("/", routes![log_in_handler])).await.expect("a Rocket that launches");
    let response = client.post("/").dispatch().await;
    cookies(&pair(response.headers().get_one("set-cookie").expect("a cookie")))
}

pub async fn anonymous(meter: &mut Meter) {
    repeat(meter, build().mount("/", routes![maybe]), "GET", &cookies(""), Status::Ok).await;
}

pub async fn logged_in(meter: &mut Meter) {
    let cookies = login_cookie().await;
    repeat(meter, private(), "GET", &cookies, Status::Ok).await;
}

pub async fn log_in(meter: &mut Meter) {
    repeat(meter, build().mount("/", routes![log_in_handler]), "POST", &cookies(""), Status::NoContent).await;
}

pub async fn log_out(meter: &mut Meter) {
    let cookies = login_cookie().await;
    repeat(meter, build().mount("/", routes![log_out_handler]), "POST", &cookies, Status::NoContent).await;
}
