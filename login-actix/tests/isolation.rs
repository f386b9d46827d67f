//! Login isolation on actix-web: who gets past a guard, and what a response keeps of a login.

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

use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, HttpResponse, test, web};
use login_actix::{CurrentUser, Error, Login, LoginManager, MaybeUser, SecretKey, User, UserLoader};

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

/// A response: its status, its Set-Cookie lines and its body.
struct Answer {
    status: StatusCode,
    lines: Vec<String>,
    body: String,
}

impl Answer {
    /// The names of the cookies that the response sets, and of those that it deletes.
    fn changes(&self) -> (Vec<&str>, Vec<&str>) {
        let (deleted, set) = self.lines.iter().partition::<Vec<_>, _>(|line| line.contains("Max-Age=0"));
        fn names(lines: Vec<&String>) -> Vec<&str> {
            lines.into_iter().map(|line| line.split('=').next().unwrap()).collect()
        }
        (names(set), names(deleted))
    }

    fn jar(&self) -> String {
        let kept = self.lines.iter().filter(|line| !line.contains("Max-Age=0"));
        kept.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
    }
}

/// Sends a request to an application with these routes, inside of the manager's middleware.
async fn send(
    login: &LoginManager<Account>,
    routes: impl FnOnce(&mut web::ServiceConfig),
    method: Method,
    path: &str,
    cookie: &str,
) -> Answer {
    let app = test::init_service(App::new().configure(routes).wrap(login.middleware())).await;
    let request = test::TestRequest::with_uri(path).method(method).insert_header(("Cookie", cookie));
    match test::try_call_service(&app, request.to_request()).await {
        Ok(response) => {
            let status = response.status();
            let lines =
                response.headers().get_all("set-cookie").map(|line| line.to_str().unwrap().to_owned()).collect();
            let body = to_bytes(response.into_body()).await.unwrap_or_default();
            Answer { status, lines, body: String::from_utf8(body.to_vec()).unwrap() }
        }
        Err(error) => panic!("{error}"),
    }
}

#[actix_web::test]
async fn options_requests_are_guarded() {
    let login = manager(&Accounts::default(), SESSION);
    let runs = Arc::new(AtomicU32::new(0));
    let handler = || {
        let runs = Arc::clone(&runs);
        web::to(move || {
            runs.fetch_add(1, Ordering::SeqCst);
            std::future::ready(HttpResponse::Ok().finish())
        })
    };
    for path in ["/any", "/fresh", "/all/x"] {
        let routes = |app: &mut web::ServiceConfig| {
            app.service(web::resource("/any").wrap(login.login_required()).route(handler()))
                .service(web::resource("/fresh").wrap(login.fresh_login_required()).route(handler()))
                .service(web::scope("/all").wrap(login.login_required()).default_service(handler()));
        };
        let answer = send(&login, routes, Method::OPTIONS, path, "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    for (method, status) in [(Method::OPTIONS, StatusCode::OK), (Method::GET, StatusCode::UNAUTHORIZED)] {
        let guard = login.login_required().allow_unauthenticated_options();
        let open = web::resource("/").wrap(guard).route(handler());
        let answer = send(
            &login,
            |app| {
                app.service(open);
            },
            method,
            "/",
            "",
        )
        .await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn a_guard_uses_the_login_of_its_own_manager() {
    let customers = manager(&Accounts::default(), SESSION);
    let staff = manager(&Accounts::default(), "__Host-staff");
    let guarded = web::resource("/").wrap(staff.login_required()).to(async || "secret");
    let answer = send(
        &customers,
        |app| {
            app.service(guarded);
        },
        Method::GET,
        "/",
        &cookies(&customers),
    )
    .await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("another manager") && answer.body.contains("Account"), "{}", answer.body);
}

async fn log_in(login: &Login<Account>) -> Result<(), Error> {
    login.log_in(account("2")).remember(true).await?;
    Ok(login.insert("colour", "red")?)
}

async fn failed(login: Login<Account>) -> Result<&'static str, Error> {
    log_in(&login).await?;
    login.insert("_user_id", "x")?;
    Ok("reserved")
}

async fn plain(login: Login<Account>) -> HttpResponse {
    log_in(&login).await.unwrap();
    HttpResponse::ServiceUnavailable().finish()
}

async fn out_and_fail(login: Login<Account>) -> HttpResponse {
    login.log_out().await.unwrap();
    HttpResponse::InternalServerError().finish()
}

async fn put(login: Login<Account>) -> Result<&'static str, Error> {
    login.insert("cart", "apple")?;
    login.insert("secret", "x")?;
    Ok("")
}

async fn keep(login: Login<Account>) -> Result<&'static str, Error> {
    login.flash("bye")?;
    login.log_out().keep(["cart"]).await?;
    Ok("")
}

async fn out(login: Login<Account>) -> Result<&'static str, Error> {
    login.log_out().await?;
    Ok("")
}

async fn left(login: Login<Account>) -> String {
    format!("{:?} {}", login.keys(), login.take_flashes().unwrap().len())
}

async fn both(login: Login<Account>, maybe: MaybeUser<Account>) -> String {
    let (user, any) = (login.user().await.unwrap(), login.user_including_inactive().await.unwrap());
    format!("{} {} {}", user.is_some(), any.is_some(), maybe.0.is_some())
}

async fn confirm(login: Login<Account>, id: web::Path<String>) -> Result<String, Error> {
    login.confirm(&account(&id)).await?;
    Ok(login.login_fresh().await?.to_string())
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/failed", web::get().to(failed))
        .route("/plain", web::get().to(plain))
        .route("/out-and-fail", web::get().to(out_and_fail))
        .route("/put", web::get().to(put))
        .route("/keep", web::get().to(keep))
        .route("/out", web::get().to(out))
        .route("/left", web::get().to(left))
        .route("/both", web::get().to(both))
        .route("/current", web::get().to(async |_: CurrentUser<Account>| ""))
        .route("/confirm/{id}", web::get().to(confirm));
}

async fn get(login: &LoginManager<Account>, path: &str, cookie: &str) -> Answer {
    send(login, routes, Method::GET, path, cookie).await
}

#[actix_web::test]
async fn a_failed_response_logs_no_one_in() {
    let login = manager(&Accounts::default(), SESSION);
    for cookie in [String::new(), cookies(&login)] {
        for path in ["/failed", "/plain"] {
            let answer = get(&login, path, &cookie).await;
            assert!(answer.status.is_server_error());
            assert_eq!(answer.changes(), (vec![], vec![]), "{path}");
        }
    }
    assert_eq!(get(&login, "/out-and-fail", &cookies(&login)).await.changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[actix_web::test]
async fn a_logout_holds_even_if_the_loader_fails() {
    let accounts = Accounts::default();
    let login = manager(&accounts, SESSION);
    let cookie = login.test_login(account("1")).now().unwrap().header();
    accounts.fails.store(true, Ordering::SeqCst);
    let answer = get(&login, "/out", &cookie).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[actix_web::test]
async fn a_logout_drops_the_data_except_what_it_keeps() {
    let login = manager(&Accounts::default(), SESSION);
    let full = get(&login, "/put", &cookies(&login)).await.jar();
    let kept = get(&login, "/keep", &full).await.jar();
    assert_eq!(get(&login, "/left", &kept).await.body, r#"["cart"] 1"#);
    assert_eq!(get(&login, "/out", &full).await.changes(), (vec![], vec![SESSION, REMEMBER]));
}

#[actix_web::test]
async fn a_deactivated_user_counts_as_no_user() {
    let accounts = Accounts::default();
    let login = manager(&accounts, SESSION);
    let cookie = cookies(&login);
    accounts.deactivated.store(true, Ordering::SeqCst);
    assert_eq!(get(&login, "/both", &cookie).await.body, "false true false");
    assert_eq!(get(&login, "/current", &cookie).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn only_the_user_of_a_login_confirms_it() {
    let login = manager(&Accounts::default(), SESSION);
    let stale = login.test_login(account("1")).fresh(false).now().unwrap().header();
    assert_eq!(get(&login, "/confirm/2", &stale).await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&login, "/confirm/1", "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&login, "/confirm/1", &stale).await.body, "true");
}
