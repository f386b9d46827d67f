//! What stays of a response of Rocket, its fairings and catchers, when a request is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::sync::{Arc, Mutex};

use common::{Account, build, header, rocket};
use login_rocket::{
    Allowed, CurrentUser, Error, LoaderAtIgnite, Login, LoginManager, LoginRejection, MaybeUser, Permission, SecretKey,
    UserLoader,
};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::fs::FileServer;
use rocket::http::{Accept, Cookie, Header, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Request, Rocket, catch, catchers, get, post, routes};

struct Never;

impl Permission<Account> for Never {
    fn allows(_: &Account) -> bool {
        false
    }
}

type Events = Arc<Mutex<Vec<&'static str>>>;

/// A manager that records its events.
fn manager(events: &Events) -> LoginManager<Account> {
    let heard = Arc::clone(events);
    common::manager(|builder| builder.on_event(move |event| heard.lock().unwrap().push(event.name())))
}

fn cookie(login: &LoginManager<Account>, user: &str) -> Header<'static> {
    Header::new("Cookie", login.test_login(Account(user.to_owned())).now().unwrap().header())
}

#[get("/settings")]
fn settings(_user: CurrentUser<Account>) -> &'static str {
    "settings"
}

#[get("/log-in/<name>")]
async fn log_in(login: Login<Account>, name: &str) -> Result<&'static str, Error> {
    login.log_in(Account(name.to_owned())).remember(true).await?;
    Ok("in")
}

#[post("/log-out")]
async fn log_out(login: Login<Account>) -> Result<&'static str, Error> {
    login.log_out().await?;
    Ok("out")
}

#[test]
fn headers_and_cookies_of_others_stay() {
    let login = manager(&Events::default());
    let cors = || {
        AdHoc::on_response("CORS", |_, response| {
            Box::pin(async move {
                response.set_raw_header("Access-Control-Allow-Origin", "https://app.example");
                response.adjoin_raw_header("Set-Cookie", "lang=eo");
            })
        })
    };
    for rocket in [build().attach(cors()).attach(login.fairing()), rocket(&login).attach(cors())] {
        let client = Client::untracked(rocket.mount("/", routes![settings])).unwrap();
        let response = client.get("/settings").dispatch();
        assert_eq!((response.status(), header(&response, "location")), (Status::Found, "/login?next=%2Fsettings"));
        assert_eq!(header(&response, "access-control-allow-origin"), "https://app.example");
        assert_eq!(header(&response, "x-frame-options"), "SAMEORIGIN", "Rocket's Shield");
        let set: Vec<_> = response.headers().get("set-cookie").map(|line| line.split('=').next().unwrap()).collect();
        assert!(set.contains(&"lang") && set.contains(&"__Host-session"), "{set:?}");
        assert_eq!(header(&response, "content-type"), "");
        assert_eq!(response.into_string(), None);
    }
}

/// A file server forwards if it does not have the file, and its 404 then is no answer.
#[test]
fn a_file_server_does_not_hide_a_refusal() {
    let login = manager(&Events::default());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let cors = AdHoc::on_response("CORS", |_, response| {
        Box::pin(async move {
            response.set_raw_header("Access-Control-Allow-Origin", "*");
        })
    });
    let rocket = build().attach(cors).attach(login.fairing()).mount("/", routes![settings, nowhere]);
    for rocket in [
        rocket.mount("/", FileServer::from(folder)),
        self::rocket(&login)
            .mount("/", routes![settings, nowhere])
            .mount("/", FileServer::from(folder))
            .register("/", catchers![caught_404]),
    ] {
        let client = Client::untracked(rocket).unwrap();
        let response = client.get("/settings").dispatch();
        assert_eq!((response.status(), header(&response, "location")), (Status::Found, "/login?next=%2Fsettings"));
        assert_eq!(header(&response, "content-type"), "");
        assert_eq!(header(&response, "x-frame-options"), "SAMEORIGIN");
        assert_eq!(client.get("/responses.rs").dispatch().status(), Status::Ok);
        assert_eq!(client.get("/none.rs").dispatch().status(), Status::NotFound);
    }
}

#[catch(404)]
fn caught_404() -> &'static str {
    "a page of 404"
}

#[get("/nowhere")]
fn nowhere(_user: CurrentUser<Account>) -> &'static str {
    "never"
}

#[get("/own/401")]
fn own_401(user: Option<CurrentUser<Account>>) -> Status {
    if user.is_some() { Status::Ok } else { Status::Unauthorized }
}

#[get("/own/403")]
fn own_403(_user: MaybeUser<Account>) -> Status {
    Status::Forbidden
}

#[get("/later")]
fn later_guarded(_user: CurrentUser<Account>) -> &'static str {
    "never"
}

#[get("/later", rank = 2)]
fn later() -> (Status, &'static str) {
    (Status::NotFound, "the later route's own page")
}

#[get("/later/422")]
fn later_guarded_422(_user: CurrentUser<Account>) -> &'static str {
    "never"
}

#[get("/later/422", rank = 2)]
fn later_422() -> (Status, &'static str) {
    (Status::UnprocessableEntity, "the later route's own page")
}

#[test]
fn a_handlers_own_answer_stands() {
    let events = Events::default();
    let login = manager(&events);
    let routes = routes![own_401, own_403, later_guarded, later, later_guarded_422, later_422];
    let client = Client::untracked(rocket(&login).mount("/", routes)).unwrap();
    for (path, status) in [("/own/401", 401), ("/own/403", 403), ("/later", 404), ("/later/422", 422)] {
        let response = client.get(path).dispatch();
        assert_eq!((response.status().code, header(&response, "location")), (status, ""), "{path}");
        assert_eq!(header(&response, "set-cookie"), "", "{path}: a refusal that is not answered leaves nothing behind");
        let is_own = response.into_string().unwrap() == "the later route's own page";
        assert_eq!(is_own, path.starts_with("/later"), "{path}");
    }
    assert_eq!(*events.lock().unwrap(), ["accessed"; 4], "no listener is notified of a refusal");
}

#[test]
fn a_fairings_answer_stands() {
    let login = manager(&Events::default());
    let teapot =
        || AdHoc::on_response("teapot", |_, response| Box::pin(async move { response.set_status(Status::ImATeapot) }));
    for rocket in [build().attach(teapot()).attach(login.fairing()), rocket(&login).attach(teapot())] {
        let client = Client::untracked(rocket.mount("/", routes![settings])).unwrap();
        assert_eq!(client.get("/settings").dispatch().status(), Status::ImATeapot);
    }
}

#[get("/public/<found>")]
fn public(found: bool) -> Result<&'static str, Status> {
    if found { Ok("public") } else { Err(Status::NotFound) }
}

#[test]
fn a_guard_that_a_fairing_asked_for_refuses_nothing() {
    let events = Events::default();
    let login = manager(&events);
    let asks = AdHoc::on_request("asks", |request, _| {
        Box::pin(async move {
            let asked = request.guard::<CurrentUser<Account>>().await;
            assert_eq!(asked.forwarded(), Some(Status::Unauthorized));
        })
    });
    let client = Client::untracked(rocket(&login).attach(asks).mount("/", routes![public])).unwrap();
    for (path, status) in [("/public/true", 200), ("/public/false", 404), ("/public/x", 422), ("/nowhere", 404)] {
        let response = client.get(path).dispatch();
        assert_eq!((response.status().code, header(&response, "set-cookie")), (status, ""), "{path}");
    }
    assert_eq!(*events.lock().unwrap(), ["accessed"; 4]);
}

#[get("/admin")]
fn admin(_user: Allowed<Account, Never>) -> &'static str {
    "never"
}

#[get("/loads")]
async fn loads(login: Login<Account>) -> &'static str {
    let _ = login.user().await;
    "a page that ignores the failure"
}

#[get("/catches")]
fn catches(user: Result<CurrentUser<Account>, LoginRejection>) -> &'static str {
    if user.is_ok() { "fine" } else { "a page that ignores the failure" }
}

#[catch(default)]
fn caught(status: Status, _: &Request<'_>) -> String {
    format!("a page of {}", status.code)
}

#[catch(401)]
fn caught_401() -> &'static str {
    "a page of 401"
}

#[test]
fn the_catchers_of_the_application_are_asked() {
    let login = manager(&Events::default());
    let routes = || routes![settings, admin, loads];
    let plain = Client::untracked(rocket(&login).mount("/", routes())).unwrap();
    let with_default = Client::untracked(rocket(&login).mount("/", routes()).register("/", catchers![caught])).unwrap();
    let with_401 =
        Client::untracked(rocket(&login).mount("/", routes()).register("/", catchers![caught, caught_401])).unwrap();
    let send = |client: &Client, path: &'static str, user: &str| {
        let request = client.get(path);
        let response = if user.is_empty() { request } else { request.header(cookie(&login, user)) }.dispatch();
        (response.status().code, response.into_string().unwrap_or_default())
    };
    let page = |code: u16| (code, format!("a page of {code}"));
    assert_eq!(send(&plain, "/admin", "ann"), (403, "you do not have permission to do this".to_owned()));
    assert_eq!(send(&plain, "/loads", "broken"), (500, "internal server error".to_owned()));
    assert_eq!(send(&with_default, "/admin", "ann"), page(403));
    assert_eq!(send(&with_default, "/loads", "broken"), page(500));
    assert_eq!(send(&with_default, "/settings", "broken"), page(500));
    assert_eq!(send(&with_default, "/settings", "").0, 302, "a default catcher knows nothing of the login view");
    assert_eq!(send(&with_401, "/settings", ""), page(401));
    // Below a longer path Rocket prefers a default catcher, whichever fairing registers it.
    let api = || rocket(&login).mount("/api", routes()).register("/api", catchers![caught]);
    let late = AdHoc::on_ignite("late", |rocket| async { rocket.register("/api", catchers![caught]) });
    let late = rocket(&login).mount("/api", routes()).attach(late);
    for below in [api(), late] {
        let below = Client::untracked(below).unwrap();
        assert_eq!(send(&below, "/api/settings", "").0, 302);
        assert_eq!(send(&below, "/api/admin", "ann"), page(403));
    }
    assert_eq!(send(&with_401, "/admin", "ann"), page(403));
    for (path, user, code) in [("/settings", "", "16"), ("/admin", "ann", "7")] {
        let request = with_401.get(path).header(Header::new("content-type", "application/grpc"));
        let request = if user.is_empty() { request } else { request.header(cookie(&login, user)) };
        assert_eq!(header(&request.dispatch(), "grpc-status"), code, "a gRPC client can use no page");
    }
    let bare = Client::untracked(rocket(&login).mount("/", routes![settings, loads, catches])).unwrap();
    for (client, path) in [(&bare, "/settings"), (&bare, "/loads"), (&with_default, "/settings"), (&bare, "/catches")] {
        let request = client.get(path).header(cookie(&login, "broken")).header(Accept::JSON);
        let response = request.dispatch();
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
        assert_eq!(response.status().code, 500, "{path}");
    }
    // Nor can a client that prefers JSON use the page of a default catcher.
    for (path, user, code) in [("/settings", "", 401), ("/admin", "ann", 403), ("/loads", "broken", 500)] {
        let request = with_default.get(path).header(Accept::JSON);
        let request = if user.is_empty() { request } else { request.header(cookie(&login, user)) };
        let response = request.dispatch();
        let seen = (response.status().code, header(&response, "content-type"));
        assert_eq!(seen, (code, "application/problem+json"), "{path}");
    }
    let foreign = with_default.post("/settings").header(Header::new("sec-fetch-site", "cross-site"));
    let response = foreign.header(Accept::JSON).dispatch();
    assert_eq!((response.status().code, header(&response, "content-type")), (403, "application/problem+json"));
}

#[post("/rerouted")]
fn rerouted(user: MaybeUser<Account>) -> &'static str {
    if user.0.is_some() { "a user" } else { "no one" }
}

#[test]
fn a_later_fairing_does_not_undo_a_cross_site_refusal() {
    let login = manager(&Events::default());
    let reroute = AdHoc::on_request("reroute", |request, _| {
        Box::pin(async {
            request.set_method(rocket::http::Method::Post);
            request.set_uri(rocket::http::uri::Origin::parse("/rerouted").unwrap());
        })
    });
    let client = Client::untracked(rocket(&login).attach(reroute).mount("/", routes![rerouted])).unwrap();
    let send = |site: &'static str| {
        let request = client.post("/").header(Header::new("sec-fetch-site", site)).header(cookie(&login, "ann"));
        let response = request.dispatch();
        (response.status().code, response.into_string().unwrap_or_default())
    };
    assert_eq!(send("same-origin"), (200, "a user".to_owned()));
    assert_eq!(send("cross-site").0, 403);
}

#[test]
fn head_of_a_guarded_page_is_answered_as_get_is() {
    let login = manager(&Events::default());
    let client = Client::untracked(rocket(&login).mount("/", routes![settings])).unwrap();
    let response = client.head("/settings").dispatch();
    assert_eq!((response.status(), header(&response, "location")), (Status::Found, "/login?next=%2Fsettings"));
    assert_eq!(client.head("/settings").header(cookie(&login, "ann")).dispatch().status(), Status::Ok);
}

#[test]
fn the_cookies_of_a_local_clients_jar_count() {
    let login = manager(&Events::default());
    let rocket = || rocket(&login).mount("/", routes![settings, log_in, log_out]);
    let client = Client::tracked(rocket()).unwrap();
    let is_in = |client: &Client| client.get("/settings").dispatch().status() == Status::Ok;
    assert!(!is_in(&client));
    assert_eq!(client.get("/log-in/ann").dispatch().status(), Status::Ok);
    assert!(is_in(&client) && is_in(&client));
    client.post("/log-out").dispatch();
    assert!(!is_in(&client));

    let client = Client::untracked(rocket()).unwrap();
    let own = login.test_login(Account("ann".to_owned())).now().unwrap().header();
    let (name, value) = own.split_once('=').unwrap();
    let other = client.get("/settings").cookie(("own", "of the application"));
    let response = other.cookie(Cookie::new(name.to_owned(), value.to_owned())).dispatch();
    assert_eq!(response.status(), Status::Ok);
    // Rocket decodes the names of cookies, but a browser protects only the real prefix.
    for name in ["%5F_Host-session", "%5f%5fHost-session"] {
        let request = client.get("/settings").header(Header::new("Cookie", format!("{name}={value}")));
        assert_eq!(request.dispatch().status(), Status::Found, "{name}");
    }
}

/// Stands for the pool of a database, which its fairing manages.
#[derive(Clone)]
struct Pool(&'static str);

struct Pooled(Pool);

impl UserLoader for Pooled {
    type User = Account;
    type Error = std::convert::Infallible;

    async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
        Ok(Some(Account(format!("{id} of {}", self.0.0))))
    }
}

#[get("/name")]
fn name(user: CurrentUser<Account>) -> String {
    user.0.0.clone()
}

#[test]
fn a_loader_is_made_when_the_rocket_is_ignited() {
    let database = || AdHoc::on_ignite("database", |rocket| async { rocket.manage(Pool("the pool")) });
    let accounts = || LoaderAtIgnite::new(|rocket| rocket.state::<Pool>().cloned().map(Pooled));
    let launch = |attach: &dyn Fn(Rocket<Build>, LoaderAtIgnite<Pooled>) -> Rocket<Build>| {
        let accounts = accounts();
        let key = SecretKey::from_text("32 bytes that are good for tests").unwrap();
        let login = LoginManager::builder(key).build(accounts.clone()).unwrap();
        let rocket = attach(rocket(&login).mount("/", routes![name]), accounts);
        Client::untracked(rocket).map(|client| (client, login)).map_err(Box::new)
    };
    let (client, login) = launch(&|rocket, accounts| rocket.attach(database()).attach(accounts)).unwrap();
    let response = client.get("/name").header(cookie(&login, "ann")).dispatch();
    assert_eq!(response.into_string().unwrap(), "ann of the pool");
    let too_early = launch(&|rocket, accounts| rocket.attach(accounts).attach(database()));
    assert!(matches!(too_early.unwrap_err().kind(), ErrorKind::FailedFairings(_)));
    let (client, login) = launch(&|rocket, _| rocket.attach(database())).unwrap();
    let response = client.get("/name").header(cookie(&login, "ann")).dispatch();
    assert_eq!(response.status(), Status::InternalServerError, "the loader was not attached");
}
