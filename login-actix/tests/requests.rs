//! What an application on actix-web relies on, tested with whole requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers, Next, NormalizePath};
use actix_web::{
    App, HttpResponse,
    http::{Method, StatusCode},
    test, web,
};
use login_actix::{
    CurrentUser, Error, FreshUser, Login, LoginError, LoginManager, LoginRejection, MaybeUser, SecretKey, User,
    UserLoader,
};

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

fn manager(accounts: &Accounts) -> LoginManager<Account> {
    LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .login_view("/login")
        .build(accounts.clone())
        .unwrap()
}

fn cookie(login: &LoginManager<Account>) -> (&'static str, String) {
    ("Cookie", login.test_login(Account { id: "1".to_owned() }).now().unwrap().header())
}

fn header<'r, B>(response: &'r ServiceResponse<B>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String
where
    B::Error: std::fmt::Debug,
{
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

#[actix_web::test]
async fn the_user_is_loaded_once_per_request() {
    let accounts = Accounts::default();
    let login = manager(&accounts);
    async fn handler(a: CurrentUser<Account>, b: FreshUser<Account>, c: MaybeUser<Account>) -> String {
        assert!(Arc::ptr_eq(&a.0, &b.0) && Arc::ptr_eq(&a.0, &c.0.unwrap()));
        a.id.clone()
    }
    let resource = web::resource("/").wrap(login.fresh_login_required()).to(handler);
    let app = test::init_service(App::new().service(resource).wrap(login.middleware())).await;
    let response = app.call(test::TestRequest::get().insert_header(cookie(&login)).to_request()).await.unwrap();
    assert_eq!(header(&response, "cache-control"), Some("private, no-cache"));
    assert_eq!(text(response).await, "1");
    assert_eq!(accounts.loads.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_failed_load_is_a_500_without_the_cause() {
    let accounts = Accounts::default();
    accounts.fails.store(true, Ordering::SeqCst);
    let login = manager(&accounts);
    let fine = || async { "fine" };
    let app = App::new()
        .route("/current", web::get().to(async |_: CurrentUser<Account>| "fine"))
        .route("/option", web::get().to(async |_: Option<CurrentUser<Account>>| "fine"))
        .route("/maybe", web::get().to(async |_: MaybeUser<Account>| "fine"))
        .service(web::resource("/guarded").wrap(login.login_required()).to(fine))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    for path in ["/current", "/option", "/maybe", "/guarded"] {
        let request = test::TestRequest::get().uri(path).insert_header(cookie(&login)).to_request();
        let response = app.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(header(&response, "set-cookie"), None, "{path}");
        assert_eq!(text(response).await, "internal server error", "{path}");
    }
}

#[actix_web::test]
async fn an_optional_extractor_sets_no_cookie() {
    let login = manager(&Accounts::default());
    let app = App::new()
        .route("/option", web::get().to(async |user: Option<CurrentUser<Account>>| user.is_none().to_string()))
        .route("/current", web::get().to(async |_: CurrentUser<Account>| "fine"))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    let response = app.call(test::TestRequest::get().uri("/option").to_request()).await.unwrap();
    assert_eq!(header(&response, "set-cookie"), None);
    assert_eq!(text(response).await, "true");
    let response = app.call(test::TestRequest::get().uri("/current?a=b").to_request()).await.unwrap();
    assert_eq!(header(&response, "location"), Some("/login?next=%2Fcurrent%3Fa%3Db"));
    assert!(header(&response, "set-cookie").is_some(), "the message was flashed");
}

#[actix_web::test]
async fn a_missing_middleware_is_an_error_that_names_it() {
    let login = manager(&Accounts::default());
    let fine = || async { "fine" };
    // The guard is outside of the middleware.
    let app = App::new().route("/", web::get().to(fine)).wrap(login.middleware()).wrap(login.login_required());
    let app = test::init_service(app).await;
    let response = app.call(test::TestRequest::get().to_request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let message = text(response).await;
    assert!(message.contains("Account") && message.contains("login.middleware()"), "{message}");
    // There is no middleware.
    let app = App::new().route("/", web::get().to(async |_: MaybeUser<Account>| "fine"));
    let response = test::init_service(app).await.call(test::TestRequest::get().to_request()).await.unwrap();
    assert_eq!((response.status(), text(response).await), (StatusCode::INTERNAL_SERVER_ERROR, message));
}

#[actix_web::test]
async fn next_is_the_complete_path_in_a_scope() {
    let login = manager(&Accounts::default());
    let scope = web::scope("/deep").wrap(login.login_required()).route("/a", web::get().to(async || "fine"));
    let app = test::init_service(App::new().service(scope).wrap(login.middleware())).await;
    let response = app.call(test::TestRequest::get().uri("/deep/a?x=%25").to_request()).await.unwrap();
    assert_eq!(header(&response, "location"), Some("/login?next=%2Fdeep%2Fa%3Fx%3D%2525"));
}

#[actix_web::test]
async fn a_change_after_the_response_is_an_error() {
    let login = manager(&Accounts::default());
    let kept = Arc::new(std::sync::Mutex::new(None));
    let keeper = Arc::clone(&kept);
    let keep = move |login: Login<Account>| {
        *keeper.lock().unwrap() = Some(login);
        async { "kept" }
    };
    let app = test::init_service(App::new().route("/", web::get().to(keep)).wrap(login.middleware())).await;
    app.call(test::TestRequest::get().to_request()).await.unwrap();
    let login = kept.lock().unwrap().take().unwrap();
    assert!(matches!(login.insert("a", "b"), Err(LoginError::ResponseBegun)));
}

#[actix_web::test]
async fn cookies_are_set_with_errors_and_other_middleware() {
    let login = manager(&Accounts::default());
    async fn fails(login: Login<Account>) -> Result<&'static str, actix_web::Error> {
        login.flash("hello").unwrap();
        Err(actix_web::error::ErrorConflict("on purpose"))
    }
    async fn flashes(login: Login<Account>) -> Result<HttpResponse, Error> {
        login.flash("hello")?;
        Ok(HttpResponse::NotFound().finish())
    }
    let page = |response: ServiceResponse<_>| {
        Ok(ErrorHandlerResponse::Response(
            response.into_response(HttpResponse::NotFound().body("ours")).map_into_right_body(),
        ))
    };
    let app = App::new()
        .route("/fails", web::get().to(fails))
        .route("/nowhere", web::get().to(flashes))
        .route("/nowhere/refused", web::get().to(flashes))
        .wrap(ErrorHandlers::new().handler(StatusCode::NOT_FOUND, page))
        .wrap(NormalizePath::trim())
        .wrap_fn(|request, service| {
            let refuses = request.path() == "/nowhere/refused";
            let answer = service.call(request);
            async move {
                let response = answer.await?;
                if refuses { Err(actix_web::error::ErrorImATeapot("short and stout")) } else { Ok(response) }
            }
        })
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    for path in ["/fails", "/nowhere", "/nowhere/"] {
        let response = app.call(test::TestRequest::get().uri(path).to_request()).await.unwrap();
        assert!(header(&response, "set-cookie").unwrap().starts_with("__Host-session="), "{path}");
    }
    let error = app.call(test::TestRequest::get().uri("/nowhere/refused").to_request()).await.unwrap_err();
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    let cookie = response.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
}

#[actix_web::test]
async fn a_middleware_that_refuses_with_an_extractor_flashes_the_message() {
    let login = manager(&Accounts::default());
    let guard = async |mut request: ServiceRequest, next: Next<BoxBody>| {
        request.extract::<CurrentUser<Account>>().await?;
        next.call(request).await
    };
    let app = App::new()
        .route("/", web::get().to(async || "fine"))
        .wrap(actix_web::middleware::from_fn(guard))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    let error = app.call(test::TestRequest::get().to_request()).await.unwrap_err();
    let response = error.error_response();
    assert_eq!(response.headers().get("location").unwrap(), "/login?next=%2F");
    assert!(response.headers().contains_key("set-cookie"), "the message was flashed");
    let request = test::TestRequest::get().insert_header(cookie(&login)).to_request();
    assert_eq!(text(app.call(request).await.unwrap()).await, "fine");
}

#[actix_web::test]
async fn a_refusal_that_a_handler_answers_itself_sets_no_cookie() {
    let login = manager(&Accounts::default());
    let handler = async |user: Result<CurrentUser<Account>, LoginRejection<Account>>| match user {
        Err(LoginRejection::Refused(refused)) => refused.refusal().to_string(),
        _ => panic!("the request was not refused"),
    };
    let app = test::init_service(App::new().route("/", web::get().to(handler)).wrap(login.middleware())).await;
    let response = app.call(test::TestRequest::get().to_request()).await.unwrap();
    assert_eq!(header(&response, "set-cookie"), None);
    assert_eq!(text(response).await, "no user is logged in");
}

#[actix_web::test]
async fn a_panic_in_a_handler_does_not_affect_the_next_request() {
    let login = manager(&Accounts::default());
    async fn panics(login: Login<Account>) -> &'static str {
        let _user = login.user().await;
        panic!("on purpose")
    }
    let app = App::new()
        .route("/panics", web::get().to(panics))
        .route("/", web::get().to(async |_: CurrentUser<Account>| "fine"))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    let request = |path: &str| test::TestRequest::get().uri(path).insert_header(cookie(&login)).to_request();
    let mut panicking = Box::pin(app.call(request("/panics")));
    let polled = std::future::poll_fn(|context| {
        let poll = std::panic::AssertUnwindSafe(|| panicking.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(std::panic::catch_unwind(poll))
    });
    assert!(polled.await.is_err());
    drop(panicking);
    assert_eq!(text(app.call(request("/")).await.unwrap()).await, "fine");
}

#[actix_web::test]
async fn cache_control_and_vary_are_set() {
    let login = manager(&Accounts::default());
    let shared = async |_: MaybeUser<Account>| {
        HttpResponse::Ok()
            .insert_header(("cache-control", "public, max-age=60"))
            .insert_header(("vary", "Cookie"))
            .finish()
    };
    let logs_in = async |login: Login<Account>| {
        login.log_in(Account { id: "1".to_owned() }).await?;
        Ok::<_, Error>(HttpResponse::Ok().insert_header(("cache-control", "public, max-age=60")).finish())
    };
    let app = App::new()
        .route("/shared", web::get().to(shared))
        .route("/in", web::get().to(logs_in))
        .route("/user", web::get().to(async |_: CurrentUser<Account>| "fine"))
        .route("/untouched", web::get().to(async || "fine"))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    for (path, cache_control, vary) in [
        ("/shared", Some("public, max-age=60"), Some("Cookie")),
        ("/in", Some("private, no-cache"), Some("cookie")),
        ("/user", Some("private, no-cache"), Some("cookie")),
        ("/untouched", None, None),
    ] {
        let request = test::TestRequest::get().uri(path).insert_header(cookie(&login)).to_request();
        let response = app.call(request).await.unwrap();
        assert_eq!((header(&response, "cache-control"), header(&response, "vary")), (cache_control, vary), "{path}");
        assert!(response.headers().get_all("vary").count() <= 1);
    }
}

#[actix_web::test]
async fn two_user_types_have_separate_logins() {
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
    let login = manager(&Accounts::default());
    for (session, remember, apart) in [
        ("__Host-staff", "__Host-staff-remember", true),
        ("__Host-session", "b", false),
        ("a", "__Host-session", false),
    ] {
        let staff = LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
            .session_cookie(|cookie| cookie.name(session))
            .remember_cookie(|cookie| cookie.name(remember))
            .build(StaffLoader)
            .unwrap();
        let handler = async |a: MaybeUser<Account>, b: MaybeUser<Staff>| format!("{} {}", a.0.is_some(), b.0.is_some());
        let app = App::new().route("/", web::get().to(handler)).wrap(staff.middleware()).wrap(login.middleware());
        let app = test::init_service(app).await;
        let response = app.call(test::TestRequest::get().insert_header(cookie(&login)).to_request()).await.unwrap();
        assert_eq!(response.status().is_success(), apart);
        let text = text(response).await;
        assert!(if apart { text == "true false" } else { text.contains("__Host-session") }, "{text}");
    }
}

#[actix_web::test]
async fn a_cancelled_request_leaves_nothing_locked() {
    let accounts = Accounts::default();
    let login = manager(&accounts);
    accounts.hangs.store(true, Ordering::SeqCst);
    let app = App::new().route("/", web::get().to(async |_: CurrentUser<Account>| "fine")).wrap(login.middleware());
    let app = test::init_service(app).await;
    let request = || test::TestRequest::get().insert_header(cookie(&login)).to_request();
    let mut hanging = Box::pin(app.call(request()));
    let waker = std::task::Waker::noop();
    assert!(hanging.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    drop(hanging);
    assert_eq!(app.call(request()).await.unwrap().status(), StatusCode::OK);
}

#[actix_web::test]
async fn cross_site_posts_do_not_reach_a_handler() {
    let login = manager(&Accounts::default());
    let app = App::new().route("/", web::to(async || "handled")).wrap(login.middleware());
    let app = test::init_service(app).await;
    for (method, upgrade, site, status) in [
        (Method::POST, "", "cross-site", 403),
        (Method::POST, "", "same-origin", 200),
        (Method::GET, "", "cross-site", 200),
        (Method::GET, "websocket", "cross-site", 403),
    ] {
        let request = test::TestRequest::default().method(method).insert_header(("Upgrade", upgrade));
        let request = request.insert_header(("Sec-Fetch-Site", site)).to_request();
        assert_eq!(app.call(request).await.unwrap().status(), status, "{upgrade} {site}");
    }
}

#[actix_web::test]
async fn wrapping_the_same_middleware_twice_has_no_effect() {
    let login = manager(&Accounts::default());
    let permanent = async |login: Login<Account>| {
        login.set_permanent(true)?;
        Ok::<_, Error>("permanent")
    };
    let log_out = async |login: Login<Account>| {
        login.log_out().await?;
        Ok::<_, Error>("logged out")
    };
    let inner = web::scope("/in").wrap(login.middleware()).wrap(login.login_required());
    let app = App::new()
        .service(inner.route("/out", web::get().to(log_out)))
        .route("/permanent", web::get().to(permanent))
        .route("/", web::get().to(async |user: MaybeUser<Account>| user.0.is_some().to_string()))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    let get = async |path: &str, cookie: &str| {
        let request = test::TestRequest::get().uri(path).insert_header(("Cookie", cookie)).to_request();
        app.call(request).await.unwrap()
    };
    let cookies = |response: &ServiceResponse<_>| -> Vec<String> {
        let lines = response.headers().get_all("set-cookie");
        lines.map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
    };
    let cookie = login.test_login(Account { id: "1".to_owned() }).now().unwrap().header();
    let permanent = cookies(&get("/permanent", &cookie).await).remove(0);
    let logged_out = cookies(&get("/in/out", &permanent).await);
    assert_eq!(logged_out.len(), 2, "each cookie once: {logged_out:?}");
    assert_eq!(test::read_body(get("/", &logged_out.join("; ")).await).await, "false");
}

#[actix_web::test]
async fn streams_and_upgrades_pass_through() {
    use actix_web::web::Bytes;
    use futures_util::stream;
    let login = manager(&Accounts::default());
    let parts =
        || stream::iter(["one ", "two"].map(|part| Ok::<_, actix_web::Error>(Bytes::from_static(part.as_bytes()))));
    let streamed = move |_: CurrentUser<Account>| async move { HttpResponse::Ok().streaming(parts()) };
    let upgraded = move |_: CurrentUser<Account>| async move {
        HttpResponse::SwitchingProtocols().upgrade("websocket").streaming(parts())
    };
    let app = App::new()
        .service(web::resource("/streamed").wrap(login.login_required()).to(streamed))
        .service(web::resource("/upgraded").wrap(login.login_required()).to(upgraded))
        .wrap(login.middleware());
    let app = test::init_service(app).await;
    for (path, status) in [("/streamed", 200), ("/upgraded", 101)] {
        let request = test::TestRequest::get().uri(path).insert_header(cookie(&login)).to_request();
        let response = app.call(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.response().body().size(), actix_web::body::BodySize::Stream);
        assert_eq!(header(&response, "upgrade"), (status == 101).then_some("websocket"));
        assert_eq!(text(response).await, "one two");
    }
}
