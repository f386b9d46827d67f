//! How refused requests are answered on actix-web, with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use actix_web::{App, HttpRequest, HttpResponse, test, web};
use login_actix::{
    Allowed, CurrentUser, Error, Login, LoginManager, LoginManagerBuilder, Permission, SecretKey, User, UserLoader,
};

struct Account(String);

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

/// The account "admin" may do everything, and "broken" cannot be loaded.
struct Accounts;

impl UserLoader for Accounts {
    type User = Account;
    type Error = &'static str;

    async fn load_user(&self, id: String) -> Result<Option<Account>, Self::Error> {
        if id == "broken" { Err("no table") } else { Ok(Some(Account(id.to_owned()))) }
    }
}

struct IsAdmin;

impl Permission<Account> for IsAdmin {
    fn allows(user: &Account) -> bool {
        user.0 == "admin"
    }
}

fn manager(change: impl FnOnce(LoginManagerBuilder<Account>) -> LoginManagerBuilder<Account>) -> LoginManager<Account> {
    let builder = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap());
    change(builder.login_view("/login")).build(Accounts).unwrap()
}

/// A request of this user.
fn request(login: &LoginManager<Account>, path: &str, user: &str) -> TestRequest {
    let request = TestRequest::with_uri(path).insert_header(("host", "site.example"));
    if user.is_empty() {
        return request;
    }
    let cookie = login.test_login(Account(user.to_owned())).now().unwrap().header();
    request.insert_header(("cookie", cookie))
}

/// The application that these services make, inside the middleware of the manager.
macro_rules! app {
    ($login:expr, $($service:expr),+ $(,)?) => {
        test::init_service(App::new()$(.service($service))+.wrap($login)).await
    };
}

macro_rules! send {
    ($app:expr, $request:expr) => {
        $app.call($request.to_request()).await.unwrap()
    };
}

async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String
where
    B::Error: std::fmt::Debug,
{
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

/// The value of a header, or nothing.
fn header<'r, B>(response: &'r ServiceResponse<B>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn the_nearest_handler_answers() {
    let own = |name: &'static str| {
        move |request: &login_actix::Request, _: login_actix::Refused<'_>| {
            (request.query() == Some(name)).then(|| HttpResponse::ImATeapot().body(name))
        }
    };
    let login = manager(|b| b.unauthorized_handler(own("builder"))).unauthorized_handler(own("manager"));
    let guard = login.login_required().unauthorized_handler(own("guard"));
    let scope = web::scope("")
        .service(web::resource("/guard").wrap(guard).to(async || "fine"))
        .route("/extractor", web::get().to(async |_: CurrentUser<Account>| "fine"))
        .route("/handler", web::get().to(async |login: Login<Account>| login.unauthorized()))
        .wrap(login.middleware().unauthorized_handler(own("inner")));
    let app = app!(login.middleware().unauthorized_handler(own("outer")), scope);
    for (path, answers) in [
        ("/guard", &["guard", "inner", "outer", "manager", "builder"][..]),
        ("/extractor", &["inner", "outer", "manager", "builder"]),
        ("/handler", &["inner", "outer", "manager", "builder"]),
    ] {
        for name in ["guard", "inner", "outer", "manager", "builder", "none"] {
            let response = send!(app, request(&login, &format!("{path}?{name}"), ""));
            if answers.contains(&name) {
                assert_eq!(header(&response, "set-cookie"), "", "no message is flashed");
                assert_eq!((response.status().as_u16(), text(response).await), (418, name.to_owned()));
            } else {
                let location = format!("/login?next=%2F{}%3F{name}", &path[1..]);
                assert_eq!(header(&response, "location"), location);
                assert!(header(&response, "set-cookie").starts_with("__Host-session="));
            }
        }
    }
}

#[actix_web::test]
async fn the_handler_of_a_guard_answers_for_what_is_inside_of_it() {
    let login = manager(|b| b);
    let guard = login.login_required().forbidden_handler(|_, _| Some(HttpResponse::Gone().body("own")));
    let scope = web::scope("/inside")
        .wrap(guard)
        .route("/extractor", web::get().to(async |_: Allowed<Account, IsAdmin>| "fine"))
        .route("/handler", web::get().to(async |login: Login<Account>| login.forbidden()));
    let outside = web::resource("/outside").to(async |_: Allowed<Account, IsAdmin>| "fine");
    let app = app!(login.middleware(), scope, outside);
    for (path, status) in [("/inside/extractor", 410), ("/inside/handler", 410), ("/outside", 403)] {
        assert_eq!(send!(app, request(&login, path, "ann")).status(), status, "{path}");
    }
}

#[actix_web::test]
async fn an_outer_middleware_is_nearer_than_the_manager() {
    let answer = |name: &'static str| {
        move |_: &login_actix::Request, _: login_actix::Refused<'_>| Some(HttpResponse::Ok().body(name))
    };
    let login = manager(|b| b).unauthorized_handler(answer("manager"));
    let scope =
        web::scope("").route("/", web::get().to(async |_: CurrentUser<Account>| "fine")).wrap(login.middleware());
    let app = app!(login.middleware().unauthorized_handler(answer("outer")), scope);
    assert_eq!(text(send!(app, request(&login, "/", ""))).await, "outer");
}

#[actix_web::test]
async fn a_handler_can_change_the_answer_of_the_library() {
    let login = manager(|b| b).unauthorized_handler(|_, refused| {
        let mut response = refused.into_response();
        response.headers_mut().insert(HeaderName::from_static("x-own"), HeaderValue::from_static("1"));
        Some(response)
    });
    let app = app!(login.middleware(), web::resource("/").to(async |_: CurrentUser<Account>| "fine"));
    let response = send!(app, request(&login, "/", ""));
    assert_eq!((header(&response, "location"), header(&response, "x-own")), ("/login?next=%2F", "1"));
    assert!(header(&response, "set-cookie").starts_with("__Host-session="), "the message is flashed");
}

#[actix_web::test]
async fn only_some_users_are_allowed() {
    let login = manager(|b| b.json_below("/api"));
    let guard = login.login_required().only(|user: &Account| user.0 != "nobody").only(IsAdmin::allows);
    let own =
        guard.clone().forbidden_handler(|_, _| Some(HttpResponse::NotFound().content_type("text/x-own").body("own")));
    let extractor = || web::get().to(async |user: Allowed<Account, IsAdmin>| user.0.0.clone());
    let app = app!(
        login.middleware(),
        web::resource("/guard").wrap(guard).to(async || "admin"),
        web::resource("/own").wrap(own).to(async || "admin"),
        web::resource("/extractor").route(extractor()),
        web::resource("/api/extractor").route(extractor()),
        web::resource("/handler").to(async |login: Login<Account>| login.forbidden()),
    );
    for (path, status, media) in [
        ("/guard", 403, "text/plain; charset=utf-8"),
        ("/own", 404, "text/x-own"),
        ("/extractor", 403, "text/plain; charset=utf-8"),
        ("/api/extractor", 403, "application/problem+json"),
        ("/handler", 403, "text/plain; charset=utf-8"),
    ] {
        let response = send!(app, request(&login, path, "ann"));
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (status, media), "{path}");
        assert_eq!((header(&response, "set-cookie"), header(&response, "vary")), ("", "cookie"), "{path}");
        if path != "/handler" {
            assert_eq!(text(send!(app, request(&login, path, "admin"))).await, "admin", "{path}");
            let anonymous = send!(app, request(&login, path, ""));
            assert_eq!(anonymous.status(), if path.starts_with("/api") { 401 } else { 302 }, "{path}");
        }
    }
}

#[actix_web::test]
async fn a_failed_load_is_answered_in_the_clients_own_kind() {
    let login = manager(|b| b.json_below("/api"));
    let routes = |routes: &mut web::ServiceConfig| {
        let handler = async |login: Login<Account>| {
            login.user().await?;
            Ok::<_, Error>("fine")
        };
        let ignoring = async |login: Login<Account>| {
            let _ = login.user().await;
            "fine"
        };
        let own = async |login: Login<Account>| {
            let _ = login.user().await;
            HttpResponse::ServiceUnavailable().body("own")
        };
        routes
            .service(web::resource("/guard").wrap(login.login_required()).to(async || "fine"))
            .route("/extractor", web::get().to(async |_: CurrentUser<Account>| "fine"))
            .route("/handler", web::get().to(handler))
            .route("/ignoring", web::get().to(ignoring))
            .route("/own", web::get().to(own));
    };
    let app = app!(login.middleware(), web::scope("/api").configure(routes), web::scope("").configure(routes));
    for path in ["/guard", "/extractor", "/handler", "/ignoring"] {
        for (prefix, media) in [("", "text/plain; charset=utf-8"), ("/api", "application/problem+json")] {
            let response = send!(app, request(&login, &format!("{prefix}{path}"), "broken"));
            assert_eq!((response.status().as_u16(), header(&response, "content-type")), (500, media), "{prefix}{path}");
            assert!(text(response).await.contains("internal server error"), "{prefix}{path}");
        }
    }
    let response = send!(app, request(&login, "/api/own", "broken"));
    assert_eq!(
        (response.status().as_u16(), text(response).await),
        (503, "own".to_owned()),
        "the application's own 5xx"
    );
}

#[actix_web::test]
async fn a_grpc_client_gets_its_own_status() {
    let login = manager(|b| b);
    let guard = login.login_required().only(IsAdmin::allows);
    let app = app!(
        login.middleware(),
        web::resource("/guard").wrap(guard).to(async || "fine"),
        web::resource("/extractor").to(async |_: Allowed<Account, IsAdmin>| "fine"),
        web::resource("/handler").to(async |login: Login<Account>| {
            login.user().await?;
            Ok::<_, Error>(login.forbidden())
        }),
    );
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
        let request = request(&login, path, user).method(actix_web::http::Method::POST);
        let response = send!(app, request.insert_header(("content-type", "application/grpc+proto")));
        assert_eq!((response.status().as_u16(), header(&response, "grpc-status")), (200, code), "{path} {user}");
        assert_eq!((header(&response, "content-type"), header(&response, "set-cookie")), ("application/grpc", ""));
        assert!(text(response).await.is_empty());
    }
}

#[actix_web::test]
async fn cross_site_requests_are_refused_by_default() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let login = manager(|b| b.on_event(move |event| heard.lock().unwrap().push(event.name())));
    let route = || web::resource("/").route(web::post().to(async || "posted"));
    let handled = login
        .middleware()
        .cross_site_handler(|request, _| (request.path() == "/").then(|| HttpResponse::BadRequest().body("own")));
    let open = manager(|b| b.insecure_accept_cross_site_requests());
    let (plain, own, open) =
        (app!(login.middleware(), route()), app!(handled, route()), app!(open.middleware(), route()));
    let posted = |accept: &str| {
        let request = request(&login, "/", "ann").method(actix_web::http::Method::POST);
        request.insert_header(("sec-fetch-site", "cross-site")).insert_header(("accept", accept))
    };
    let response = send!(plain, posted("text/html"));
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (403, "text/plain; charset=utf-8"));
    let response = send!(plain, posted("application/json"));
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (403, "application/problem+json"));
    let with_token = posted("*/*").insert_header(("authorization", "Bearer x"));
    assert_eq!(text(send!(plain, with_token)).await, "posted");
    assert_eq!(text(send!(own, posted("text/html"))).await, "own");
    assert_eq!(text(send!(open, posted("text/html"))).await, "posted");
    let refused = events.lock().unwrap().iter().filter(|name| **name == "cross_site_refused").count();
    assert_eq!(refused, 3);
}

#[actix_web::test]
async fn everything_is_guarded_but_what_is_public() {
    let login = manager(|b| b);
    let private = web::scope("")
        .wrap(login.login_required())
        .route("/settings", web::get().to(async || "settings"))
        // It stands for a service of static files.
        .default_service(web::to(async |request: HttpRequest| match request.path() {
            "/private.css" => HttpResponse::Ok().body("style"),
            _ => HttpResponse::NotFound().finish(),
        }));
    let app = app!(login.middleware(), web::resource("/login").to(async || "a form"), private);
    assert_eq!(send!(app, request(&login, "/login", "")).status(), 200);
    for (path, status) in [("/settings", 200), ("/private.css", 200), ("/nowhere", 404)] {
        assert_eq!(send!(app, request(&login, path, "")).status(), 302, "{path}");
        assert_eq!(send!(app, request(&login, path, "ann")).status(), status, "{path}");
    }
}

#[actix_web::test]
async fn a_redirect_to_an_address_of_the_client_stays_on_this_site() {
    let login = manager(|b| b);
    let handler =
        async |login: Login<Account>, request: HttpRequest| login.redirect_to(request.query_string(), "/home");
    let app = app!(login.middleware(), web::resource("/").to(handler));
    for (address, target) in [("/next", "/next"), ("//evil.example", "/home"), ("", "/home")] {
        let response = send!(app, request(&login, &format!("/?{address}"), ""));
        assert_eq!((response.status().as_u16(), header(&response, "location")), (303, target));
    }
}

#[actix_web::test]
async fn cookies_of_others_do_not_hide_the_session() {
    let login = manager(|b| b);
    let app = app!(login.middleware(), web::resource("/").to(async |user: CurrentUser<Account>| user.0.0.clone()));
    let own = login.test_login(Account("ann".to_owned())).now().unwrap().header();
    for other in [&b"a=\"x"[..], b"a=\"x\\\"; b=y\"", b"a=\xff\xfe", b"\xc3\x28=1; \"", b"a={\"b\": \"c\"}", b"=; ;;a"]
    {
        for order in [[other, own.as_bytes()], [own.as_bytes(), other]] {
            let cookie = HeaderValue::from_bytes(&order.join(&b"; "[..])).unwrap();
            let response = send!(app, TestRequest::get().insert_header(("cookie", cookie)));
            assert_eq!(text(response).await, "ann", "{}", String::from_utf8_lossy(other));
        }
    }
}
