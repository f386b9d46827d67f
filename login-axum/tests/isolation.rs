//! Login isolation on axum: who gets past a guard, and what a response keeps of a login.

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

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use login_axum::{CurrentUser, Error, Login, LoginManager, MaybeUser, SecretKey, User, UserLoader};
use tower::ServiceExt;

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

fn manager(accounts: &Accounts, name: &str) -> LoginManager<Account> {
    LoginManager::builder(SecretKey::from_text("32 bytes that are good for tests").unwrap())
        .session_cookie(|cookie| cookie.name(name))
        .build(accounts.clone())
        .unwrap()
}

fn cookies(login: &LoginManager<Account>) -> String {
    login.test_login(account("1")).remembered(Duration::from_secs(600)).now().unwrap().header()
}

async fn send(router: Router, method: &str, path: &str, cookie: &str) -> Response<Body> {
    let request = Request::builder().method(method).uri(path).header("cookie", cookie);
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// The names of the cookies that a response sets, and of those that it deletes.
fn changes(response: &Response<Body>) -> (Vec<String>, Vec<String>) {
    let lines = response.headers().get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    let (deleted, set) = lines.partition::<Vec<_>, _>(|line| line.contains("Max-Age=0"));
    let names = |lines: Vec<&str>| lines.iter().map(|line| line.split('=').next().unwrap().to_owned()).collect();
    (names(set), names(deleted))
}

fn jar(response: &Response<Body>) -> String {
    let lines = response.headers().get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    let kept = lines.filter(|line| !line.contains("Max-Age=0"));
    kept.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn options_requests_are_guarded() {
    let login = manager(&Accounts::default(), SESSION);
    let runs = Arc::new(AtomicU32::new(0));
    let handler = |runs: &Arc<AtomicU32>| {
        let runs = Arc::clone(runs);
        async move || {
            runs.fetch_add(1, Ordering::SeqCst);
        }
    };
    let guarded = Router::new()
        .route("/any", any(handler(&runs)).layer(login.login_required()))
        .route("/fresh", any(handler(&runs)).layer(login.fresh_login_required()))
        .nest("/all", Router::new().fallback(handler(&runs)).layer(login.login_required()))
        .layer(login.layer());
    for path in ["/any", "/fresh", "/all/x"] {
        let response = send(guarded.clone(), "OPTIONS", path, "").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let open = any(handler(&runs)).layer(login.login_required().allow_unauthenticated_options());
    let open = Router::new().route("/", open).layer(login.layer());
    assert_eq!(send(open.clone(), "OPTIONS", "/", "").await.status(), StatusCode::OK);
    assert_eq!(send(open, "GET", "/", "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_guard_uses_the_login_of_its_own_manager() {
    let customers = manager(&Accounts::default(), SESSION);
    let staff = manager(&Accounts::default(), "__Host-staff");
    let router = Router::new().route("/", get(async || "secret").route_layer(staff.login_required()));
    let response = send(router.layer(customers.layer()), "GET", "/", &cookies(&customers)).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = text(response).await;
    assert!(body.contains("another manager") && body.contains("Account"), "{body}");
}

#[tokio::test]
async fn a_failed_response_logs_no_one_in() {
    async fn log_in(login: &Login<Account>, id: &str) -> Result<(), Error> {
        login.log_in(account(id)).remember(true).await?;
        Ok(login.insert("colour", "red")?)
    }
    let login = manager(&Accounts::default(), SESSION);
    let failed = async |login: Login<Account>| {
        log_in(&login, "2").await?;
        Err::<(), Error>(login.insert("_user_id", "x").unwrap_err().into())
    };
    let plain = async |login: Login<Account>| {
        log_in(&login, "2").await.unwrap();
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    };
    let out = async |login: Login<Account>| {
        login.log_out().await.unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let router = Router::new().route("/failed", get(failed)).route("/plain", get(plain)).route("/out", get(out));
    let router = router.layer(login.layer());
    for cookie in [String::new(), cookies(&login)] {
        for path in ["/failed", "/plain"] {
            let response = send(router.clone(), "GET", path, &cookie).await;
            assert!(response.status().is_server_error());
            assert_eq!(changes(&response), (vec![], vec![]), "{path}");
        }
    }
    let response = send(router, "GET", "/out", &cookies(&login)).await;
    assert_eq!(changes(&response), (vec![], vec![SESSION.to_owned(), REMEMBER.to_owned()]));
}

#[tokio::test]
async fn a_logout_holds_even_if_the_loader_fails() {
    let accounts = Accounts::default();
    let login = manager(&accounts, SESSION);
    let cookie = login.test_login(account("1")).now().unwrap().header();
    accounts.fails.store(true, Ordering::SeqCst);
    let out = async |login: Login<Account>| login.log_out().await.map_err(Error::from);
    let response = send(Router::new().route("/", get(out)).layer(login.layer()), "GET", "/", &cookie).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(changes(&response), (vec![], vec![SESSION.to_owned(), REMEMBER.to_owned()]));
}

#[tokio::test]
async fn a_logout_drops_the_data_except_what_it_keeps() {
    let login = manager(&Accounts::default(), SESSION);
    let put = async |login: Login<Account>| {
        login.insert("cart", "apple").and_then(|()| login.insert("secret", "x")).map_err(Error::from)
    };
    let keep = async |login: Login<Account>| {
        login.flash("bye")?;
        login.log_out().keep(["cart"]).await.map_err(Error::from)
    };
    let out = async |login: Login<Account>| login.log_out().await.map_err(Error::from);
    let left = async |login: Login<Account>| format!("{:?} {}", login.keys(), login.take_flashes().unwrap().len());
    let router = Router::new().route("/put", get(put)).route("/keep", get(keep)).route("/out", get(out));
    let router = router.route("/left", get(left)).layer(login.layer());
    let full = jar(&send(router.clone(), "GET", "/put", &cookies(&login)).await);
    let kept = jar(&send(router.clone(), "GET", "/keep", &full).await);
    assert_eq!(text(send(router.clone(), "GET", "/left", &kept).await).await, r#"["cart"] 1"#);
    let (set, deleted) = changes(&send(router, "GET", "/out", &full).await);
    assert!(set.is_empty() && deleted.contains(&SESSION.to_owned()), "{set:?} {deleted:?}");
}

#[tokio::test]
async fn a_deactivated_user_counts_as_no_user() {
    let accounts = Accounts::default();
    let login = manager(&accounts, SESSION);
    let cookie = cookies(&login);
    accounts.deactivated.store(true, Ordering::SeqCst);
    let both = async |login: Login<Account>, maybe: MaybeUser<Account>| {
        let (user, any) = (login.user().await.unwrap(), login.user_including_inactive().await.unwrap());
        format!("{} {} {}", user.is_some(), any.is_some(), maybe.0.is_some())
    };
    let router = Router::new().route("/", get(both)).route("/current", get(async |_: CurrentUser<Account>| ""));
    let router = router.layer(login.layer());
    assert_eq!(text(send(router.clone(), "GET", "/", &cookie).await).await, "false true false");
    assert_eq!(send(router, "GET", "/current", &cookie).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_the_user_of_a_login_confirms_it() {
    let login = manager(&Accounts::default(), SESSION);
    let stale = login.test_login(account("1")).fresh(false).now().unwrap().header();
    let confirm = |id: &'static str| {
        get(async move |login: Login<Account>| {
            login.confirm(&account(id)).await?;
            Ok::<_, Error>(login.login_fresh().await?.to_string())
        })
    };
    let router = Router::new().route("/1", confirm("1")).route("/2", confirm("2")).layer(login.layer());
    assert_eq!(send(router.clone(), "GET", "/2", &stale).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(send(router.clone(), "GET", "/1", "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(text(send(router, "GET", "/1", &stale).await).await, "true");
}
