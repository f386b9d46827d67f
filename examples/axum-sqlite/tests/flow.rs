//! The application as a browser sees it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum_sqlite::router;
use example_accounts::Accounts;
use login_axum::SecretKey;
use tower::ServiceExt;

async fn app() -> Router {
    let key = SecretKey::from_text("a key for tests, 32 bytes or more").unwrap();
    router(Accounts::in_memory().await.unwrap(), key).unwrap()
}

/// A browser: its cookies, and where it was sent.
#[derive(Clone)]
struct Browser {
    app: Router,
    cookies: Vec<(String, String)>,
    headers: Vec<(&'static str, &'static str)>,
}

struct Page {
    status: StatusCode,
    location: String,
    text: String,
}

impl Browser {
    fn new(app: &Router) -> Self {
        Self { app: app.clone(), cookies: Vec::new(), headers: Vec::new() }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "").await
    }

    async fn post(&mut self, path: &str, form: &str) -> Page {
        self.send("POST", path, form).await
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, cookies.join("; "));
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let response = self.app.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap();
        for line in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(each, _)| each != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), rest.split(';').next().unwrap().to_owned()));
            }
        }
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Page { status, location: location.unwrap_or_default(), text: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn sign_up(&mut self) {
        let page = self.post("/sign-up", "email=Ann@example.com&password=correct+horse").await;
        assert_eq!((page.status, &*page.location), (StatusCode::SEE_OTHER, "/notes"));
    }

    fn close(&mut self) {
        self.cookies.retain(|(name, _)| name != "session");
    }
}

#[tokio::test]
async fn sign_up_write_a_note_log_out() {
    let app = app().await;
    let mut ann = Browser::new(&app);
    ann.sign_up().await;
    let page = ann.get("/notes").await;
    assert!(page.text.contains("Welcome!") && page.text.contains("ann@example.com"));
    ann.post("/notes", "text=%3Cb%3Emilk").await;
    let page = ann.get("/notes").await;
    assert!(page.text.contains("&#60;b&#62;milk") && !page.text.contains("Welcome!"), "{}", page.text);

    let mut ben = Browser::new(&app);
    ben.post("/sign-up", "email=ben@example.com&password=12345678").await;
    ben.post("/notes/delete", "id=1").await;
    assert!(ann.get("/notes").await.text.contains("milk"), "no one deletes another's notes");
    ann.post("/notes/delete", "id=1").await;
    assert!(!ann.get("/notes").await.text.contains("milk"));

    assert_eq!(ann.post("/log-out", "").await.location, "/");
    assert!(ann.get("/").await.text.contains("You are logged out."));
    let refused = ann.get("/notes").await;
    assert_eq!((refused.status, &*refused.location), (StatusCode::FOUND, "/login?next=%2Fnotes"));
    let page = ann.get(&refused.location).await;
    assert!(page.text.contains("Please log in to access this page."));
}

#[tokio::test]
async fn a_remembered_user_gives_the_password_before_changing_settings() {
    let app = app().await;
    let mut ann = Browser::new(&app);
    ann.sign_up().await;
    ann.post("/log-out", "").await;
    let page = ann.post("/login?next=%2Fnotes", "email=ann@example.com&password=correct+horse&remember=yes").await;
    assert_eq!(page.location, "/notes");
    ann.close();
    assert!(ann.get("/notes").await.text.contains("ann@example.com"), "remembered");

    let refused = ann.get("/settings").await;
    assert_eq!((refused.status, &*refused.location), (StatusCode::FOUND, "/confirm?next=%2Fsettings"));
    let page = ann.post(&refused.location, "password=wrong").await;
    assert!(page.text.contains("That is not your password."));
    assert_eq!(ann.post(&refused.location, "password=correct+horse").await.location, "/settings");
    assert_eq!(ann.post("/settings", "email=anna@example.com").await.location, "/settings");
    let page = ann.get("/settings").await;
    assert!(page.text.contains("Your e-mail address was changed.") && page.text.contains("anna@example.com"));
}

#[tokio::test]
async fn logging_out_everywhere_ends_other_devices_logins() {
    let app = app().await;
    let mut phone = Browser::new(&app);
    phone.sign_up().await;
    let mut desk = Browser::new(&app);
    desk.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    let mut closed = desk.clone();
    closed.close();
    assert_eq!(phone.post("/log-out-everywhere", "").await.location, "/");
    assert_eq!(phone.get("/notes").await.status, StatusCode::FOUND);
    assert_eq!(desk.get("/notes").await.status, StatusCode::FOUND);
    assert_eq!(closed.get("/notes").await.status, StatusCode::FOUND);
    desk.post("/login", "email=ann@example.com&password=correct+horse").await;
    assert_eq!(desk.get("/notes").await.status, StatusCode::OK);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_users_get_the_same_page() {
    let app = app().await;
    let mut ann = Browser::new(&app);
    ann.sign_up().await;
    let wrong = Browser::new(&app).post("/login", "email=x@example.com&password=wrong").await;
    let unknown = Browser::new(&app).post("/login", "email=ann@example.com&password=wrong").await;
    assert!(wrong.text.contains("The e-mail address or the password is wrong."));
    assert_eq!(wrong.text.replace("x@example.com", ""), unknown.text.replace("ann@example.com", ""));
    for (form, why) in [
        ("email=ann@example.com&password=12345678", "an account for this address already"),
        ("email=b@example.com&password=1234567", "at least 8 characters"),
        ("email=b&password=12345678", "no e-mail address"),
    ] {
        assert!(Browser::new(&app).post("/sign-up", form).await.text.contains(why), "{why}");
    }
}

#[tokio::test]
async fn another_sites_forms_are_refused() {
    let app = app().await;
    let mut ann = Browser::new(&app);
    ann.sign_up().await;
    for header in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let mut lured = ann.clone();
        lured.headers.push(header);
        for path in ["/login", "/log-out", "/notes", "/log-out-everywhere"] {
            assert_eq!(lured.post(path, "email=ann@example.com&password=correct+horse").await.status, 403, "{path}");
        }
        assert_eq!(lured.get("/").await.status, StatusCode::OK);
    }
    ann.headers.push(("sec-fetch-site", "same-origin"));
    assert_eq!(ann.post("/log-out", "").await.status, StatusCode::SEE_OTHER);
}
