//! What an application on axum relies on, tested with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use login_axum::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginRejection, MaybeUser, SecretKey,
    SessionProtection, TestClock, User, UserLoader,
};
use tower::ServiceExt;

struct Account {
    id: String,
    hash: &'static str,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        self.hash.as_bytes().into()
    }
}

fn account(id: &str) -> Account {
    Account { id: id.to_owned(), hash: "hash" }
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
        tokio::task::yield_now().await;
        while self.hangs.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        if self.fails.load(Ordering::SeqCst) { Err("hunter2 is the database password") } else { Ok(Some(account(&id))) }
    }
}

const NOW: u64 = 1_700_000_000;

struct App {
    accounts: Accounts,
    login: LoginManager<Account>,
    clock: TestClock,
}

fn app() -> App {
    let accounts = Accounts::default();
    let clock = TestClock::new(NOW);
    let login = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .login_view("/login")
        .refresh_view("/again")
        .clock(clock.clone())
        .build(accounts.clone())
        .unwrap();
    App { accounts, login, clock }
}

impl App {
    fn cookie(&self) -> String {
        self.login.test_login(account("1")).now().unwrap().header()
    }

    async fn get(&self, router: Router, path: &str, cookie: &str) -> Response<Body> {
        let request = Request::get(path).header("cookie", cookie).header("host", "example.com");
        router.layer(self.login.layer()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }
}

fn header(response: &Response<Body>, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn the_user_is_loaded_once_per_request() {
    let app = app();
    async fn handler(
        login: Login<Account>,
        current: CurrentUser<Account>,
        fresh: FreshUser<Account>,
        maybe: MaybeUser<Account>,
        option: Option<CurrentUser<Account>>,
    ) -> Result<String, Error> {
        let (a, b) = tokio::join!(login.user(), login.user());
        assert!(Arc::ptr_eq(&a?.unwrap(), &b?.unwrap()) && Arc::ptr_eq(&current.0, &maybe.0.unwrap()));
        assert!(Arc::ptr_eq(&fresh.0, &option.unwrap().0));
        Ok(current.id.clone())
    }
    let router = Router::new().route("/", get(handler)).route_layer(app.login.fresh_login_required());
    let response = app.get(router, "/", &app.cookie()).await;
    assert_eq!(header(&response, header::CACHE_CONTROL), Some("private, no-cache"));
    assert_eq!(text(response).await, "1");
    assert_eq!(app.accounts.loads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn concurrent_tasks_share_one_load_and_continue_if_one_is_dropped() {
    let app = app();
    async fn both(login: Login<Account>) -> Result<String, Error> {
        let (a, b) = tokio::join!(login.user(), login.user());
        assert!(Arc::ptr_eq(&a?.unwrap(), &b?.unwrap()));
        Ok("both".to_owned())
    }
    let hangs = Arc::clone(&app.accounts.hangs);
    let dropped = async move |login: Login<Account>| {
        let mut first = Box::pin(login.user());
        let waiting = tokio::spawn(login.user());
        // Both wait for the same load, which hangs.
        tokio::select! {
            biased;
            _ = &mut first => unreachable!(),
            () = async { for _ in 0..5 { tokio::task::yield_now().await } } => {}
        }
        assert!(!waiting.is_finished());
        drop(first);
        hangs.store(false, Ordering::SeqCst);
        Ok::<_, Error>(waiting.await.unwrap()?.unwrap().id.clone())
    };
    let router = Router::new().route("/both", get(both)).route("/dropped", get(dropped));
    assert_eq!(text(app.get(router.clone(), "/both", &app.cookie()).await).await, "both");
    assert_eq!(app.accounts.loads.load(Ordering::SeqCst), 1);
    app.accounts.hangs.store(true, Ordering::SeqCst);
    assert_eq!(text(app.get(router, "/dropped", &app.cookie()).await).await, "1");
    assert_eq!(app.accounts.loads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn logging_in_during_a_load_discards_its_result() {
    let app = app();
    async fn handler(login: Login<Account>) -> Result<String, Error> {
        let mut loading = Box::pin(login.user());
        tokio::select! {
            biased;
            _ = &mut loading => unreachable!(),
            () = async {} => {}
        }
        login.log_in(account("2")).await?;
        assert_eq!(loading.await?.unwrap().id, "2");
        Ok(login.user().await?.unwrap().id.clone())
    }
    assert_eq!(text(app.get(Router::new().route("/", get(handler)), "/", &app.cookie()).await).await, "2");
}

#[tokio::test]
async fn a_failed_load_is_a_500_without_the_cause() {
    let app = app();
    app.accounts.fails.store(true, Ordering::SeqCst);
    async fn swallowed(login: Login<Account>) -> Result<&'static str, Error> {
        assert!(login.user().await.is_err() && login.user().await.is_err());
        login.insert("k", "v")?;
        Ok("fine")
    }
    let router = Router::new()
        .route("/current", get(async |_: CurrentUser<Account>| "fine"))
        .route("/option", get(async |_: Option<CurrentUser<Account>>| "fine"))
        .route("/maybe", get(async |_: MaybeUser<Account>| "fine"))
        .route("/guarded", get(async || "fine").route_layer(app.login.login_required()))
        .route("/out", get(async |login: Login<Account>| login.log_out().await.map_err(Error::from)))
        .route("/swallowed", get(swallowed));
    for path in ["/current", "/option", "/maybe", "/guarded", "/out", "/swallowed"] {
        app.accounts.loads.store(0, Ordering::SeqCst);
        let response = app.get(router.clone(), path, &app.cookie()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let is_deleted = cookies.map(|line| line.to_str().unwrap().contains("Max-Age=0")).collect::<Vec<_>>();
        assert_eq!(is_deleted, if path == "/out" { vec![true, true] } else { vec![] }, "{path}");
        assert_eq!(text(response).await, "internal server error", "{path}");
        assert_eq!(app.accounts.loads.load(Ordering::SeqCst), 1, "{path}");
    }
}

#[tokio::test]
async fn a_missing_layer_is_an_error_that_names_it() {
    let router: Router = Router::new()
        .route("/extractor", get(async |_: CurrentUser<Account>| "fine"))
        .route("/guard", get(async || "fine").route_layer(app().login.login_required()));
    for path in ["/extractor", "/guard"] {
        let response = router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = text(response).await;
        assert!(text.contains("Account") && text.contains("login.layer()"), "{text}");
    }
}

#[tokio::test]
async fn without_an_access_nothing_is_loaded_and_no_header_is_set() {
    let app = app();
    let router = Router::new().route("/", get(async || "fine"));
    let response = app.get(router, "/", &app.cookie()).await;
    assert_eq!(header(&response, header::VARY), None);
    assert_eq!(header(&response, header::CACHE_CONTROL), None);
    assert_eq!(app.accounts.loads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn cache_control_and_vary_are_set() {
    let app = app();
    async fn logs_in(login: Login<Account>) -> Result<impl IntoResponse, Error> {
        login.log_in(account("1")).await?;
        Ok(([(header::CACHE_CONTROL, "public, max-age=60"), (header::VARY, "Accept, Cookie")], "in"))
    }
    let router = Router::new()
        .route("/in", get(logs_in))
        .route("/anonymous", get(async |_: MaybeUser<Account>| "fine"))
        .route("/own", get(async |_: CurrentUser<Account>| ([(header::CACHE_CONTROL, "max-age=5")], "fine")));
    let response = app.get(router.clone(), "/in", "").await;
    assert_eq!(header(&response, header::CACHE_CONTROL), Some("private, no-cache"));
    assert_eq!(response.headers().get_all(header::VARY).iter().count(), 1);
    let cookie = header(&response, header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("__Host-session=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"));
    let response = app.get(router.clone(), "/anonymous", "").await;
    assert_eq!((header(&response, header::VARY), header(&response, header::CACHE_CONTROL)), (Some("cookie"), None));
    let response = app.get(router, "/own", &app.cookie()).await;
    assert_eq!(header(&response, header::CACHE_CONTROL), Some("max-age=5"));
}

#[tokio::test]
async fn refusals_depend_on_method_and_accept() {
    let app = app();
    let router = Router::new().route("/a", get(async |_: CurrentUser<Account>| "fine").post(async || "fine"));
    let router = router.route_layer(app.login.login_required());
    let service = Router::new().nest("/deep", router).layer(app.login.layer());
    for (method, accept, status, location) in [
        ("GET", "text/html", 302, Some("/login?next=%2Fdeep%2Fa%3Fx%3D%2525")),
        ("HEAD", "*/*", 302, Some("/login?next=%2Fdeep%2Fa%3Fx%3D%2525")),
        ("POST", "*/*", 303, Some("/login")),
        ("GET", "application/json", 401, None),
        ("OPTIONS", "*/*", 303, Some("/login")),
    ] {
        let request = Request::builder().method(method).uri("/deep/a?x=%25").header("accept", accept);
        let response = service.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{method} {accept}");
        assert_eq!(header(&response, header::LOCATION), location, "{method} {accept}");
        let problem = header(&response, header::CONTENT_TYPE) == Some("application/problem+json");
        assert_eq!(problem, accept == "application/json");
    }
}

#[tokio::test]
async fn a_guard_can_limit_the_age_of_a_login() {
    let app = app();
    let router = Router::new().route("/", get(async |_: FreshUser<Account, 600>| "fine"));
    let cookie = app.cookie();
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(app.get(router.clone(), "/", &cookie).await.status(), StatusCode::OK);
    app.clock.advance(Duration::from_secs(1));
    let response = app.get(router.clone(), "/", &cookie).await;
    assert_eq!(header(&response, header::LOCATION), Some("/again?next=%2F"));
    let stale = app.login.test_login(account("1")).fresh(false).now().unwrap().header();
    assert_eq!(app.get(router, "/", &stale).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn strong_protection_refuses_another_client() {
    let accounts = Accounts::default();
    let login = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .session_protection(SessionProtection::Strong)
        .build(accounts.clone())
        .unwrap();
    let router = Router::new().route("/", get(async |_: CurrentUser<Account>| "fine")).layer(login.layer());
    let cookie = login.test_login(account("1")).address([10, 0, 0, 1]).user_agent("A").now().unwrap().header();
    for (address, agent, status) in [([10, 0, 0, 1], "A", 200), ([10, 0, 0, 2], "A", 401), ([10, 0, 0, 1], "B", 401)] {
        let router = router.clone().layer(MockConnectInfo(std::net::SocketAddr::from((address, 1))));
        let request = Request::get("/").header("cookie", &cookie).header("user-agent", agent);
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{address:?} {agent}");
    }
}

#[tokio::test]
async fn a_change_after_the_response_is_an_error() {
    let app = app();
    let kept: Arc<std::sync::Mutex<Option<Login<Account>>>> = Arc::default();
    let keeper = Arc::clone(&kept);
    let router =
        Router::new().route("/", get(async move |login: Login<Account>| *keeper.lock().unwrap() = Some(login)));
    app.get(router, "/", &app.cookie()).await;
    let login = kept.lock().unwrap().take().unwrap();
    assert!(matches!(login.insert("a", "b"), Err(LoginError::ResponseBegun)));
    assert!(matches!(login.log_in(account("1")).await, Err(LoginError::ResponseBegun)));
    assert!(matches!(login.log_out().await, Err(LoginError::ResponseBegun)));
    assert!(matches!(login.confirm(&account("1")).await, Err(LoginError::ResponseBegun)));
    assert!(matches!(login.take_flashes(), Err(LoginError::ResponseBegun)));
}

#[tokio::test]
async fn a_panic_in_a_handler_does_not_affect_the_next_request() {
    let app = app();
    async fn panics(login: Login<Account>) -> &'static str {
        let _user = login.user().await;
        panic!("on purpose")
    }
    let router = Router::new().route("/panics", get(panics)).route("/", get(async |_: CurrentUser<Account>| "fine"));
    let service = router.layer(app.login.layer());
    let request = |path: &str| Request::get(path).header("cookie", app.cookie()).body(Body::empty()).unwrap();
    assert!(tokio::spawn(service.clone().oneshot(request("/panics"))).await.is_err());
    assert_eq!(service.oneshot(request("/")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn two_user_types_have_separate_logins() {
    struct Staff;
    impl User for Staff {
        type Id = String;

        fn id(&self) -> String {
            "s".to_owned()
        }

        fn auth_hash(&self) -> Cow<'_, [u8]> {
            Cow::default()
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
    let app = app();
    let staff = |names: [&'static str; 2]| {
        LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
            .session_cookie(|cookie| cookie.name(names[0]))
            .remember_cookie(|cookie| cookie.name(names[1]))
            .build(StaffLoader)
            .unwrap()
    };
    let router = |staff: &LoginManager<Staff>| {
        let handler = async |a: MaybeUser<Account>, b: MaybeUser<Staff>| format!("{} {}", a.0.is_some(), b.0.is_some());
        Router::new().route("/", get(handler)).layer(staff.layer())
    };
    let apart = staff(["__Host-staff", "__Host-staff-remember"]);
    let staff_cookie = apart.test_login(Staff).now().unwrap().header();
    assert_eq!(text(app.get(router(&apart), "/", &app.cookie()).await).await, "true false");
    assert_eq!(text(app.get(router(&apart), "/", &staff_cookie).await).await, "false true");
    assert_eq!(
        text(app.get(router(&apart), "/", &format!("{}; {staff_cookie}", app.cookie())).await).await,
        "true true"
    );
    // With the same cookie name, a customer's cookie could log in as staff.
    for names in [["__Host-session", "b"], ["a", "__Host-remember_token"]] {
        let response = app.get(router(&staff(names)), "/", &app.cookie()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let text = text(response).await;
        assert!(names.iter().any(|name| name.starts_with("__Host-") && text.contains(name)), "{text}");
    }
}

#[tokio::test]
async fn mounting_the_same_manager_twice_has_no_effect() {
    let app = app();
    let set_permanent = async |login: Login<Account>| login.set_permanent(true).map_err(Error::from);
    let permanent = app.get(Router::new().route("/", get(set_permanent)), "/", &app.cookie()).await;
    let permanent = header(&permanent, header::SET_COOKIE).unwrap().split(';').next().unwrap().to_owned();
    let log_out = async |login: Login<Account>| login.log_out().await.map_err(Error::from);
    let inner = Router::new().route("/", get(log_out)).layer(app.login.layer());
    let response = app.get(inner.route_layer(app.login.login_required()), "/", &permanent).await;
    let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 2, "each cookie once: {cookies:?}");
    let cookie = cookies[0].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = Router::new().route("/", get(async |user: MaybeUser<Account>| user.0.is_some().to_string()));
    assert_eq!(text(app.get(page, "/", &cookie).await).await, "false");
}

#[tokio::test]
async fn a_refusal_that_a_handler_answers_itself_sets_no_cookie() {
    let app = app();
    let handler = async |user: Result<CurrentUser<Account>, LoginRejection>| match user {
        Err(LoginRejection::Refused(refused)) => refused.refusal().to_string(),
        _ => panic!("the request was not refused"),
    };
    let response = app.get(Router::new().route("/", get(handler)), "/", "").await;
    assert_eq!(header(&response, header::SET_COOKIE), None);
    assert_eq!(text(response).await, "no user is logged in");
}

#[tokio::test]
async fn changes_of_a_cancelled_handler_are_sent() {
    let app = app();
    async fn hangs(login: Login<Account>) -> &'static str {
        login.log_in(account("1")).await.unwrap();
        login.insert("colour", "red").unwrap();
        std::future::pending().await
    }
    /// Polls the handler once, drops it, and answers with a timeout.
    async fn gives_up(request: axum::extract::Request, next: axum::middleware::Next) -> StatusCode {
        let mut running = Box::pin(next.run(request));
        std::future::poll_fn(|context| {
            assert!(running.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(StatusCode::REQUEST_TIMEOUT)
        })
        .await
    }
    let router = Router::new().route("/", get(hangs)).layer(axum::middleware::from_fn(gives_up));
    let response = app.get(router, "/", "").await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let cookie = header(&response, header::SET_COOKIE).unwrap().split(';').next().unwrap().to_owned();
    let colour = async |login: Login<Account>| login.get::<String>("colour").unwrap().unwrap();
    let router = Router::new().route("/", get(colour)).route_layer(app.login.login_required());
    assert_eq!(text(app.get(router, "/", &cookie).await).await, "red");
}

#[tokio::test]
async fn cookies_are_set_with_not_found_pages_and_other_middleware() {
    let app = app();
    async fn flashes(
        login: Login<Account>,
        request: axum::extract::Request,
        next: axum::middleware::Next,
    ) -> Response<Body> {
        login.flash("hello").unwrap();
        let response = next.run(request).await;
        if response.status() == StatusCode::NOT_FOUND { (StatusCode::GONE, "gone").into_response() } else { response }
    }
    let router = Router::new().route("/", get(async || "fine")).layer(axum::middleware::from_fn(flashes));
    for (path, status) in [("/", 200), ("/nowhere", 410)] {
        let response = app.get(router.clone(), path, "").await;
        assert_eq!(response.status(), status);
        assert!(header(&response, header::SET_COOKIE).unwrap().starts_with("__Host-session="));
    }
}

#[tokio::test]
async fn malformed_cookies_are_ignored() {
    let app = app();
    let router = Router::new().route("/", get(async |_: MaybeUser<Account>| "fine")).layer(app.login.layer());
    let large = "x".repeat(100_000);
    let doubled = "__Host-session=x; ".repeat(500);
    let values: [&[u8]; 8] = [
        b"__Host-session=\xff\xfe; \xff=\xff",
        b"__Host-session=",
        b"__Host-session=\"\\",
        b";;;===;\"",
        large.as_bytes(),
        doubled.as_bytes(),
        b"__Host-remember_token=1|00; __Host-session=.eJx.a.b",
        b"__Host-session=AVhZOR8AAAAAZVPx",
    ];
    for value in values {
        let request = Request::get("/").header("cookie", value).header("accept", b"\xff".as_slice());
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, header::SET_COOKIE), None);
    }
}

#[tokio::test]
async fn the_layer_wraps_any_tower_service() {
    use tower::{Layer, service_fn};
    let app = app();
    let inner = service_fn(async |request: Request<()>| {
        Ok::<_, std::convert::Infallible>(Response::new(format!("{}", request.uri())))
    });
    let service = app.login.layer().layer(app.login.login_required().layer(inner));
    let request = |cookie: &str| Request::get("/x").header("cookie", cookie).body(()).unwrap();
    assert_eq!(text(service.clone().oneshot(request(&app.cookie())).await.unwrap()).await, "/x");
    assert_eq!(service.oneshot(request("")).await.unwrap().status(), StatusCode::FOUND);
}

#[tokio::test]
async fn cross_site_posts_do_not_reach_a_handler() {
    let login = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .trusted_origin("https://app.example.com")
        .trusted_proxies(1)
        .use_x_forwarded_host()
        .build(Accounts::default())
        .unwrap();
    let router = Router::new().route("/", get(async || "fine").post(async || "posted")).layer(login.layer());
    for (method, name, value, status) in [
        ("POST", "sec-fetch-site", "cross-site", 403),
        ("POST", "sec-fetch-site", "same-origin", 200),
        ("GET", "sec-fetch-site", "cross-site", 200),
        ("POST", "origin", "https://app.example.com", 200),
        ("POST", "origin", "https://outer.example.com", 200),
        ("POST", "origin", "https://inner", 403),
        ("websocket", "origin", "https://inner", 403),
        ("websocket", "origin", "https://outer.example.com", 200),
    ] {
        let (method, upgrade) = if method == "websocket" { ("GET", method) } else { (method, "") };
        let request = Request::builder()
            .header("upgrade", upgrade)
            .method(method)
            .uri("/")
            .header("host", "inner")
            .header(name, value);
        let request = request.header("x-forwarded-host", "outer.example.com").body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{method} {name} {value}");
    }
}
