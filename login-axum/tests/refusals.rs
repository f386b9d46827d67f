//! How refused requests are answered on axum, with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use login_axum::{
    Allowed, CurrentUser, Error, FreshUser, Login, LoginManager, LoginManagerBuilder, Permission, SecretKey, User,
    UserLoader,
};
use tower::ServiceExt;

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
fn request(login: &LoginManager<Account>, path: &str, user: &str) -> axum::http::request::Builder {
    let request = Request::builder().uri(path).header("host", "site.example");
    if user.is_empty() {
        return request;
    }
    request.header("cookie", login.test_login(Account(user.to_owned())).now().unwrap().header())
}

async fn send(router: &Router, request: axum::http::request::Builder) -> Response<Body> {
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

/// The value of a header, or nothing.
fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_nearest_handler_answers() {
    let own = |name: &'static str| {
        move |request: &login_axum::Request, _: login_axum::Refused<'_>| {
            (request.query() == Some(name)).then(|| (StatusCode::IM_A_TEAPOT, name).into_response())
        }
    };
    let login = manager(|b| b.unauthorized_handler(own("builder"))).unauthorized_handler(own("manager"));
    let guard = login.login_required().unauthorized_handler(own("guard"));
    let guarded = Router::new().route("/guard", get(async || "fine")).route_layer(guard);
    let router = guarded
        .route("/extractor", get(async |_: CurrentUser<Account>| "fine"))
        .route("/handler", get(async |login: Login<Account>| login.unauthorized()))
        .layer(login.layer().unauthorized_handler(own("inner")))
        .layer(login.layer().unauthorized_handler(own("outer")));
    for (path, answers) in [
        ("/guard", &["guard", "inner", "outer", "manager", "builder"][..]),
        ("/extractor", &["inner", "outer", "manager", "builder"]),
        ("/handler", &["inner", "outer", "manager", "builder"]),
    ] {
        for name in ["guard", "inner", "outer", "manager", "builder", "none"] {
            let response = send(&router, request(&login, &format!("{path}?{name}"), "")).await;
            if answers.contains(&name) {
                assert_eq!(header(&response, "set-cookie"), "", "no message is flashed");
                assert_eq!((response.status(), text(response).await), (StatusCode::IM_A_TEAPOT, name.to_owned()));
            } else {
                let location = format!("/login?next=%2F{}%3F{name}", &path[1..]);
                assert_eq!(header(&response, "location"), location);
                assert!(header(&response, "set-cookie").starts_with("__Host-session="));
            }
        }
    }
}

#[tokio::test]
async fn the_handler_of_a_guard_answers_for_what_is_inside_of_it() {
    let login = manager(|b| b);
    let guard = login.login_required().forbidden_handler(|_, _| Some((StatusCode::GONE, "own").into_response()));
    let router = Router::new()
        .route("/extractor", get(async |_: Allowed<Account, IsAdmin>| "fine"))
        .route("/handler", get(async |login: Login<Account>| login.forbidden()))
        .route_layer(guard)
        .route("/outside", get(async |_: Allowed<Account, IsAdmin>| "fine"))
        .layer(login.layer());
    for (path, status) in [("/extractor", 410), ("/handler", 410), ("/outside", 403)] {
        assert_eq!(send(&router, request(&login, path, "ann")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn an_outer_layer_is_nearer_than_the_manager() {
    let answer =
        |name: &'static str| move |_: &login_axum::Request, _: login_axum::Refused<'_>| Some(name.into_response());
    let login = manager(|b| b).unauthorized_handler(answer("manager"));
    let router = Router::new()
        .route("/", get(async |_: CurrentUser<Account>| "fine"))
        .layer(login.layer())
        .layer(login.layer().unauthorized_handler(answer("outer")));
    assert_eq!(text(send(&router, request(&login, "/", "")).await).await, "outer");
}

#[tokio::test]
async fn a_handler_can_change_the_answer_of_the_library() {
    let login = manager(|b| b).unauthorized_handler(|_, refused| {
        let mut response = refused.into_response();
        response.headers_mut().insert("x-own", HeaderValue::from_static("1"));
        Some(response)
    });
    let router = Router::new().route("/", get(async |_: CurrentUser<Account>| "fine")).layer(login.layer());
    let response = send(&router, request(&login, "/", "")).await;
    assert_eq!((header(&response, "location"), header(&response, "x-own")), ("/login?next=%2F", "1"));
    assert!(header(&response, "set-cookie").starts_with("__Host-session="), "the message is flashed");
}

#[tokio::test]
async fn only_some_users_are_allowed() {
    let login = manager(|b| b.json_below("/api"));
    let guard = login.login_required().only(|user: &Account| user.0 != "nobody").only(IsAdmin::allows);
    let own = guard.clone().forbidden_handler(|_, _| Some((StatusCode::NOT_FOUND, "own").into_response()));
    let extractor = get(async |user: Allowed<Account, IsAdmin>| user.0.0.clone());
    let router = Router::new()
        .route("/guard", get(async || "admin").route_layer(guard))
        .route("/own", get(async || "admin").route_layer(own))
        .route("/extractor", extractor.clone())
        .route("/api/extractor", extractor)
        .route("/handler", get(async |login: Login<Account>| login.forbidden()))
        .layer(login.layer());
    for (path, status, media) in [
        ("/guard", 403, "text/plain; charset=utf-8"),
        ("/own", 404, "text/plain; charset=utf-8"),
        ("/extractor", 403, "text/plain; charset=utf-8"),
        ("/api/extractor", 403, "application/problem+json"),
        ("/handler", 403, "text/plain; charset=utf-8"),
    ] {
        let response = send(&router, request(&login, path, "ann")).await;
        assert_eq!((response.status().as_u16(), header(&response, "content-type")), (status, media), "{path}");
        assert_eq!((header(&response, "set-cookie"), header(&response, "vary")), ("", "cookie"), "{path}");
        if path != "/handler" {
            assert_eq!(text(send(&router, request(&login, path, "admin")).await).await, "admin", "{path}");
            let anonymous = send(&router, request(&login, path, "")).await;
            assert_eq!(anonymous.status(), if path.starts_with("/api") { 401 } else { 302 }, "{path}");
        }
    }
}

/// Adds a header to each response, as a CORS layer does.
fn router_with_header(router: Router) -> Router {
    router.layer(axum::middleware::map_response(async |mut response: Response<Body>| {
        response.headers_mut().insert("x-cors", HeaderValue::from_static("1"));
        response
    }))
}

#[tokio::test]
async fn a_failed_load_is_answered_in_the_clients_own_kind() {
    let login = manager(|b| b.json_below("/api"));
    let handler = async |login: Login<Account>| {
        login.user().await?;
        Ok::<_, Error>("fine")
    };
    let ignoring = async |login: Login<Account>| {
        let _ = login.user().await;
    };
    let own = async |login: Login<Account>| {
        let _ = login.user().await;
        (StatusCode::SERVICE_UNAVAILABLE, "own")
    };
    let routes = || {
        Router::new()
            .route("/guard", get(async || "fine").route_layer(login.login_required()))
            .route("/extractor", get(async |_: CurrentUser<Account>| "fine"))
            .route("/handler", get(handler))
            .route("/ignoring", get(ignoring))
            .route("/own", get(own))
    };
    let router = routes().nest("/api", routes()).layer(login.layer());
    for path in ["/guard", "/extractor", "/handler", "/ignoring"] {
        for (prefix, media) in [("", "text/plain; charset=utf-8"), ("/api", "application/problem+json")] {
            let response = send(&router, request(&login, &format!("{prefix}{path}"), "broken")).await;
            assert_eq!((response.status().as_u16(), header(&response, "content-type")), (500, media), "{prefix}{path}");
            assert!(text(response).await.contains("internal server error"), "{prefix}{path}");
        }
    }
    let around = router_with_header(routes().nest("/api", routes())).layer(login.layer());
    for path in ["/guard", "/api/guard", "/extractor", "/api/extractor", "/api/handler"] {
        let response = send(&around, request(&login, path, "broken")).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-cors")), (500, "1"), "{path}");
    }
    let response = send(&router, request(&login, "/api/own", "broken")).await;
    assert_eq!(
        (response.status().as_u16(), text(response).await),
        (503, "own".to_owned()),
        "the application's own 5xx"
    );
}

#[tokio::test]
async fn an_optional_extractor_refuses_no_one() {
    async fn seen(
        user: Option<CurrentUser<Account>>,
        fresh: Option<FreshUser<Account>>,
        allowed: Option<Allowed<Account, IsAdmin>>,
    ) -> String {
        format!("{} {} {}", user.is_some(), fresh.is_some(), allowed.is_some())
    }
    let login = manager(|b| b);
    let router = Router::new().route("/", get(seen)).layer(login.layer());
    for (user, expected) in [("", "false false false"), ("ann", "true true false"), ("admin", "true true true")] {
        assert_eq!(text(send(&router, request(&login, "/", user)).await).await, expected);
    }
    let stale = login.test_login(Account("admin".to_owned())).fresh(false).await.unwrap().header();
    let stale = Request::builder().uri("/").header("cookie", stale);
    assert_eq!(text(send(&router, stale).await).await, "true false true");
    assert_eq!(send(&router, request(&login, "/", "broken")).await.status(), 500);
}

#[tokio::test]
async fn a_grpc_client_gets_its_own_status() {
    let login = manager(|b| b);
    let guard = login.login_required().only(IsAdmin::allows);
    let router = Router::new()
        .route("/guard", post(async || "fine").route_layer(guard))
        .route("/extractor", post(async |_: Allowed<Account, IsAdmin>| "fine"))
        .route(
            "/handler",
            post(async |login: Login<Account>| {
                login.user().await?;
                Ok::<_, Error>(login.forbidden())
            }),
        )
        .layer(login.layer());
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
        let request = request(&login, path, user).method("POST").header("content-type", "application/grpc+proto");
        let response = send(&router, request).await;
        assert_eq!((response.status().as_u16(), header(&response, "grpc-status")), (200, code), "{path} {user}");
        assert_eq!((header(&response, "content-type"), header(&response, "set-cookie")), ("application/grpc", ""));
        assert!(text(response).await.is_empty());
    }
}

#[tokio::test]
async fn cross_site_requests_are_refused_by_default() {
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let login = manager(|b| b.on_event(move |event| heard.lock().unwrap().push(event.name())));
    let route = || Router::new().route("/", post(async || "posted"));
    let (plain, own) = (
        route().layer(login.layer()),
        login.layer().cross_site_handler(|request, _| {
            (request.path() == "/").then(|| (StatusCode::BAD_REQUEST, "own").into_response())
        }),
    );
    let own = route().layer(own);
    let open = manager(|b| b.insecure_accept_cross_site_requests());
    let open = route().layer(open.layer());
    let posted = |accept: &str| {
        let request = request(&login, "/", "ann").method("POST").header("sec-fetch-site", "cross-site");
        request.header("accept", accept)
    };
    let response = send(&plain, posted("text/html")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (403, "text/plain; charset=utf-8"));
    let response = send(&plain, posted("application/json")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (403, "application/problem+json"));
    assert_eq!(text(send(&plain, posted("*/*").header("authorization", "Bearer x")).await).await, "posted");
    assert_eq!(text(send(&own, posted("text/html")).await).await, "own");
    assert_eq!(text(send(&open, posted("text/html")).await).await, "posted");
    let refused = events.lock().unwrap().iter().filter(|name| **name == "cross_site_refused").count();
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn everything_is_guarded_but_what_is_public() {
    let login = manager(|b| b);
    // `.layer` and not `.route_layer`, so that the fallback is guarded too. It stands for a
    // service of static files.
    let private = Router::new()
        .route("/settings", get(async || "settings"))
        .fallback(get(async |uri: axum::http::Uri| match uri.path() {
            "/private.css" => "style".into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }))
        .layer(login.login_required());
    let public = Router::new().route("/login", get(async || Html("<form method=post>")));
    let router = public.merge(private).layer(login.layer());
    assert_eq!(send(&router, request(&login, "/login", "")).await.status(), StatusCode::OK);
    for (path, status) in [("/settings", 200), ("/private.css", 200), ("/nowhere", 404)] {
        assert_eq!(send(&router, request(&login, path, "")).await.status(), StatusCode::FOUND, "{path}");
        assert_eq!(send(&router, request(&login, path, "ann")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_redirect_to_an_address_of_the_client_stays_on_this_site() {
    let login = manager(|b| b);
    let handler = async |login: Login<Account>, uri: axum::http::Uri| login.redirect_to(uri.query().unwrap(), "/home");
    let router = Router::new().route("/", get(handler)).layer(login.layer());
    for (address, target) in [("/next", "/next"), ("//evil.example", "/home"), ("", "/home")] {
        let response = send(&router, request(&login, &format!("/?{address}"), "")).await;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (303, target));
    }
}

#[tokio::test]
async fn fresh_within_no_time_is_the_strictest() {
    let clock = login_axum::TestClock::new(1_700_000_000);
    let login = manager(|b| b.clock(clock.clone()));
    let router = Router::new()
        .route("/any", get(async |_: login_axum::FreshUser<Account>| "fine"))
        .route("/now", get(async |_: login_axum::FreshUser<Account, 0>| "fine"))
        .layer(login.layer());
    let cookie = login.test_login(Account("ann".to_owned())).now().unwrap().header();
    let status = async |path: &str| send(&router, Request::get(path).header("cookie", &cookie)).await.status().as_u16();
    assert_eq!((status("/any").await, status("/now").await), (200, 200));
    clock.advance(std::time::Duration::from_secs(1));
    assert_eq!((status("/any").await, status("/now").await), (200, 401));
}

#[tokio::test]
async fn cookies_of_others_do_not_hide_the_session() {
    let login = manager(|b| b);
    let router =
        Router::new().route("/", get(async |user: CurrentUser<Account>| user.0.0.clone())).layer(login.layer());
    let own = login.test_login(Account("ann".to_owned())).now().unwrap().header();
    for other in [&b"a=\"x"[..], b"a=\"x\\\"; b=y\"", b"a=\xff\xfe", b"\xc3\x28=1; \"", b"a={\"b\": \"c\"}", b"=; ;;a"]
    {
        for order in [[other, own.as_bytes()], [own.as_bytes(), other]] {
            let cookie = HeaderValue::from_bytes(&order.join(&b"; "[..])).unwrap();
            let response = send(&router, Request::get("/").header("cookie", cookie)).await;
            assert_eq!(text(response).await, "ann", "{}", String::from_utf8_lossy(other));
        }
    }
}
