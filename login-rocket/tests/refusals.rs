//! How refused requests are answered on Rocket, with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

mod common;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use common::{Account, header, manager, rocket};
use login_rocket::{Allowed, CurrentUser, Error, Login, LoginManager, LoginResponse, Permission};
use rocket::http::{ContentType, Header, Method, Status};
use rocket::local::blocking::{Client, LocalRequest};
use rocket::response::Response;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Request, Rocket, get, post, routes};

struct IsAdmin;

impl Permission<Account> for IsAdmin {
    fn allows(user: &Account) -> bool {
        user.0 == "admin"
    }
}

fn client(rocket: Rocket<Build>) -> Client {
    Client::untracked(rocket).unwrap()
}

/// A request of this user.
fn request<'c>(client: &'c Client, login: &LoginManager<Account>, path: &str, user: &str) -> LocalRequest<'c> {
    let request = client.get(path.to_owned()).header(Header::new("host", "site.example"));
    if user.is_empty() {
        return request;
    }
    let cookie = login.test_login(Account(user.to_owned())).now().unwrap().header();
    request.header(Header::new("cookie", cookie))
}

fn with_status(status: Status, body: &'static str) -> Response<'static> {
    Response::build().status(status).sized_body(body.len(), Cursor::new(body)).finalize()
}

#[get("/guard")]
fn guarded() -> &'static str {
    "admin"
}

#[get("/extractor")]
fn argument(_user: CurrentUser<Account>) -> &'static str {
    "fine"
}

#[get("/handler")]
fn handler(login: Login<Account>) -> LoginResponse {
    login.unauthorized()
}

#[test]
fn the_nearest_handler_answers() {
    let own = |name: &'static str| {
        move |request: &login_rocket::Request, _: login_rocket::Refused<'_>| {
            (request.query() == Some(name)).then(|| with_status(Status::ImATeapot, name))
        }
    };
    let login = manager(|b| b.unauthorized_handler(own("builder"))).unauthorized_handler(own("manager"));
    let guard = login.login_required().unauthorized_handler(own("guard"));
    let client =
        client(rocket(&login).mount("/", guard.routes(routes![guarded])).mount("/", routes![argument, handler]));
    for (path, answers) in [
        ("/guard", &["guard", "manager", "builder"][..]),
        ("/extractor", &["manager", "builder"]),
        ("/handler", &["manager", "builder"]),
    ] {
        for name in ["guard", "manager", "builder", "none"] {
            let response = request(&client, &login, &format!("{path}?{name}"), "").dispatch();
            if answers.contains(&name) {
                assert_eq!(header(&response, "set-cookie"), "", "no message is flashed");
                assert_eq!((response.status(), response.into_string().unwrap()), (Status::ImATeapot, name.to_owned()));
            } else {
                let location = format!("/login?next=%2F{}%3F{name}", &path[1..]);
                assert_eq!(header(&response, "location"), location);
                assert!(header(&response, "set-cookie").starts_with("__Host-session="));
            }
        }
    }
}

#[test]
fn a_handler_can_change_the_answer_of_the_library() {
    let login = manager(|b| b).unauthorized_handler(|_, refused| {
        let mut response = refused.into_response();
        response.set_raw_header("x-own", "1");
        Some(response)
    });
    let client = client(rocket(&login).mount("/", routes![argument]));
    let response = request(&client, &login, "/extractor", "").dispatch();
    assert_eq!((header(&response, "location"), header(&response, "x-own")), ("/login?next=%2Fextractor", "1"));
    assert!(header(&response, "set-cookie").starts_with("__Host-session="), "the message is flashed");
}

#[get("/extractor")]
fn allowed(user: Allowed<Account, IsAdmin>) -> String {
    user.0.0.clone()
}

#[get("/handler")]
fn forbids(login: Login<Account>) -> LoginResponse {
    login.forbidden()
}

#[test]
fn only_some_users_are_allowed() {
    let login = manager(|b| b.json_below("/api"));
    let guard = login.login_required().only(|user: &Account| user.0 != "nobody").only(IsAdmin::allows);
    let own = guard.clone().forbidden_handler(|_, _| {
        let mut response = with_status(Status::NotFound, "own");
        response.set_header(ContentType::HTML);
        Some(response)
    });
    let client = client(
        rocket(&login)
            .mount("/", guard.routes(routes![guarded]))
            .mount("/own", own.routes(routes![guarded]))
            .mount("/", routes![allowed, forbids])
            .mount("/api", routes![allowed]),
    );
    for (path, status, media) in [
        ("/guard", 403, "text/plain; charset=utf-8"),
        ("/own/guard", 404, "text/html; charset=utf-8"),
        ("/extractor", 403, "text/plain; charset=utf-8"),
        ("/api/extractor", 403, "application/problem+json"),
        ("/handler", 403, "text/plain; charset=utf-8"),
    ] {
        let response = request(&client, &login, path, "ann").dispatch();
        assert_eq!((response.status().code, header(&response, "content-type")), (status, media), "{path}");
        assert_eq!((header(&response, "set-cookie"), header(&response, "vary")), ("", "cookie"), "{path}");
        if path != "/handler" {
            let allowed = request(&client, &login, path, "admin").dispatch();
            assert_eq!(allowed.into_string().unwrap(), "admin", "{path}");
            let anonymous = request(&client, &login, path, "").dispatch();
            assert_eq!(anonymous.status().code, if path.starts_with("/api") { 401 } else { 302 }, "{path}");
        }
    }
}

#[test]
fn the_handler_of_a_guard_answers_for_what_is_inside_of_it() {
    let login = manager(|b| b);
    let guard = login.login_required().forbidden_handler(|_, _| Some(with_status(Status::Gone, "own")));
    let inside = guard.routes(routes![allowed, forbids]);
    let client = client(rocket(&login).mount("/inside", inside).mount("/outside", routes![allowed, forbids]));
    for (path, status) in
        [("/inside/extractor", 410), ("/inside/handler", 410), ("/outside/extractor", 403), ("/outside/handler", 403)]
    {
        assert_eq!(request(&client, &login, path, "ann").dispatch().status().code, status, "{path}");
    }
}

#[post("/guard")]
fn posted() -> &'static str {
    "posted"
}

#[post("/extractor")]
fn posted_by_admin(_user: Allowed<Account, IsAdmin>) -> &'static str {
    "posted"
}

#[post("/handler")]
async fn posted_to_handler(login: Login<Account>) -> Result<LoginResponse, Error> {
    login.user().await?;
    Ok(login.forbidden())
}

#[test]
fn a_grpc_client_gets_its_own_status() {
    let login = manager(|b| b);
    let guard = login.login_required().only(IsAdmin::allows);
    let routes = guard.routes(routes![posted]);
    let client = client(rocket(&login).mount("/", routes).mount("/", routes![posted_by_admin, posted_to_handler]));
    for (path, user, code) in [
        ("/guard", "", "16"),
        ("/guard", "ann", "7"),
        ("/guard", "broken", "13"),
        ("/extractor", "", "16"),
        ("/extractor", "ann", "7"),
        ("/extractor", "broken", "13"),
        ("/handler", "ann", "7"),
        ("/handler", "broken", "13"),
    ] {
        let mut request = request(&client, &login, path, user);
        request.inner_mut().set_method(Method::Post);
        let response = request.header(Header::new("content-type", "application/grpc+proto")).dispatch();
        assert_eq!((response.status().code, header(&response, "grpc-status")), (200, code), "{path} {user}");
        assert_eq!((header(&response, "content-type"), header(&response, "set-cookie")), ("application/grpc", ""));
        assert_eq!(response.into_string().unwrap_or_default(), "");
    }
}

#[test]
fn cross_site_requests_are_refused_by_default() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let login = manager(|b| b.on_event(move |event| heard.lock().unwrap().push(event.name())));
    let handled = login
        .clone()
        .cross_site_handler(|request, _| (request.path() == "/guard").then(|| with_status(Status::BadRequest, "own")));
    let open = manager(|b| b.insecure_accept_cross_site_requests());
    let [plain, own, open] = [&login, &handled, &open].map(|login| client(rocket(login).mount("/", routes![posted])));
    let caught = client(rocket(&login).mount("/", routes![posted]).register("/", rocket::catchers![forbidden]));
    let send = |client: &Client, name: &'static str, value: &'static str| {
        let request = client.post("/guard").header(Header::new("sec-fetch-site", "cross-site"));
        let response = request.header(Header::new(name, value)).dispatch();
        (response.status().code, header(&response, "content-type").to_owned(), response.into_string().unwrap())
    };
    let (status, media, _) = send(&plain, "accept", "text/html");
    assert_eq!((status, &*media), (403, "text/plain; charset=utf-8"));
    let (status, media, _) = send(&plain, "accept", "application/json");
    assert_eq!((status, &*media), (403, "application/problem+json"));
    assert_eq!(send(&plain, "authorization", "Bearer x").2, "posted");
    assert_eq!(
        (send(&own, "accept", "*/*").2, send(&open, "accept", "*/*").2),
        ("own".to_owned(), "posted".to_owned())
    );
    assert_eq!(send(&caught, "accept", "*/*").2, "a page of 403", "the application's catcher is asked");
    let refused = events.lock().unwrap().iter().filter(|name| **name == "cross_site_refused").count();
    assert_eq!(refused, 4);
}

#[rocket::catch(403)]
fn forbidden() -> &'static str {
    "a page of 403"
}

/// Stands for a server of static files: it forwards if there is no such file.
#[derive(Clone)]
struct Files;

#[rocket::async_trait]
impl Handler for Files {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        match request.uri().path().as_str() {
            "/private.css" => Outcome::from(request, "style"),
            _ => Outcome::forward(data, Status::NotFound),
        }
    }
}

#[get("/settings")]
fn settings() -> &'static str {
    "settings"
}

#[get("/login")]
fn login_page() -> &'static str {
    "a form"
}

#[test]
fn everything_is_guarded_but_what_is_public() {
    let login = manager(|b| b);
    let guard = login.login_required();
    let files = vec![Route::ranked(10, Method::Get, "/<path..>", Files)];
    let client = client(
        rocket(&login)
            .mount("/", routes![login_page])
            .mount("/", guard.routes(routes![settings]))
            .mount("/", guard.routes(files))
            .mount("/", guard.fallback()),
    );
    assert_eq!(request(&client, &login, "/login", "").dispatch().status(), Status::Ok);
    for (path, status) in [("/settings", 200), ("/private.css", 200), ("/nowhere", 404)] {
        for method in [Method::Get, Method::Head] {
            let send = |user| {
                let mut request = request(&client, &login, path, user);
                request.inner_mut().set_method(method);
                request.dispatch().status().code
            };
            assert_eq!((send(""), send("ann")), (302, status), "{method} {path}");
        }
    }
    assert_eq!(client.post("/nowhere").dispatch().status(), Status::SeeOther);
}

#[get("/leads?<to>")]
fn leads(login: Login<Account>, to: &str) -> LoginResponse {
    login.redirect_to(to, "/home")
}

#[test]
fn a_redirect_to_an_address_of_the_client_stays_on_this_site() {
    let login = manager(|b| b);
    let client = client(rocket(&login).mount("/", routes![leads]));
    for (address, target) in [("/next", "/next"), ("//evil.example", "/home"), ("", "/home")] {
        let response = request(&client, &login, &format!("/leads?to={address}"), "").dispatch();
        assert_eq!((response.status(), header(&response, "location")), (Status::SeeOther, target));
    }
}

#[test]
fn cookies_of_others_do_not_hide_the_session() {
    let login = manager(|b| b);
    let client = client(rocket(&login).mount("/", routes![argument]));
    let own = login.test_login(Account("ann".to_owned())).now().unwrap().header();
    for other in ["a=\"x", "a=\"x\\\"; b=y\"", "a=é", "a={\"b\": \"c\"}", "=; ;;a", "a=%ff; %=%"] {
        for order in [[other, &own], [&own, other]] {
            let response = client.get("/extractor").header(Header::new("cookie", order.join("; "))).dispatch();
            assert_eq!(response.into_string().unwrap(), "fine", "{other}");
        }
    }
}
