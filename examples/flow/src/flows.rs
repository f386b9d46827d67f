//! The flows. Each panics if the application does something else.

use std::path::PathBuf;

use example_accounts::{Accounts, STYLE, Settings};
use login_core::SecretKey;

use crate::{Browser, Site};

async fn start<S: Site>() -> S {
    start_on(Accounts::in_memory().await.unwrap(), false).await
}

async fn start_on<S: Site>(accounts: Accounts, is_https: bool) -> S {
    let key = SecretKey::from_text("a key for tests, 32 bytes or more").unwrap();
    S::start(&Settings { port: 0, database: PathBuf::new(), key: Some(key), is_https }, accounts).await
}

/// Flashed messages are shown once, notes are escaped and stored, and after a logout the
/// notes need a login.
pub async fn sign_up_write_a_note_log_out<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("Ann@example.com").await;
    let page = ann.get("/notes").await;
    assert!(page.text.contains("Welcome!") && page.text.contains("ann@example.com"), "{}", page.text);
    let sent = ann.post("/notes", "text=%3Cb%3Emilk").await;
    assert_eq!((sent.status, &*sent.location), (303, "/notes"));
    let page = ann.get("/notes").await;
    assert!(page.text.contains("&#60;b&#62;milk") && !page.text.contains("Welcome!"), "{}", page.text);
    ann.post("/notes/delete", "id=1").await;
    assert!(!ann.get("/notes").await.text.contains("milk"));

    assert_eq!(ann.post("/log-out", "").await.location, "/");
    assert!(ann.get("/").await.text.contains("You are logged out."));
    ann.is_asked_to_log_in().await;
    assert!(ann.get("/login?next=%2Fnotes").await.text.contains("Please log in to access this page."));
}

/// Only the owner of a note can read and delete it.
pub async fn notes_of_another_user_cannot_be_read_or_deleted<S: Site>() {
    let site = start::<S>().await;
    let (mut ann, mut ben) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    ann.post("/notes", "text=milk").await;
    ben.sign_up("ben@example.com").await;
    let page = ben.get("/notes").await;
    assert!(page.text.contains("ben@example.com") && !page.text.contains("milk"), "{}", page.text);
    ben.post("/notes/delete", "id=1").await;
    assert!(ann.get("/notes").await.text.contains("milk"));
}

/// A note has 1 to 500 characters (not bytes), without the spaces around it.
pub async fn notes_that_are_empty_or_too_long_are_refused<S: Site>() {
    const REFUSED: &str = "A note has 1 to 500 characters.";
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    for text in [String::new(), "+%0A+".to_owned(), "x".repeat(501)] {
        let sent = ann.post("/notes", &format!("text={text}")).await;
        assert_eq!((sent.status, &*sent.location), (303, "/notes"));
        let page = ann.get("/notes").await;
        assert!(page.text.contains(REFUSED) && page.text.contains("class=\"flash error\""), "{}", page.text);
        assert!(!page.text.contains("<li>"));
    }
    ann.post("/notes", &format!("text=+{}+", "%C3%BC".repeat(500))).await;
    let page = ann.get("/notes").await;
    assert!(page.text.contains(&"ü".repeat(500)) && !page.text.contains(REFUSED), "{}", page.text);
}

/// The checkbox on the login page decides whether the login is remembered.
pub async fn a_login_ends_with_the_browser_unless_it_is_remembered<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let mut ann = Browser::new(&site);
    ann.post("/login", "email=ann@example.com&password=correct+horse").await;
    assert_eq!(ann.get("/notes").await.status, 200);
    ann.restart();
    ann.is_asked_to_log_in().await;
    ann.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    ann.restart();
    assert_eq!(ann.get("/notes").await.status, 200);
}

/// A remembered login is not fresh. The form that confirms it contains the user name for
/// password managers.
pub async fn a_remembered_user_must_confirm_the_password_before_settings<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    ann.post("/log-out", "").await;
    let page = ann.post("/login?next=%2Fnotes", "email=ann@example.com&password=correct+horse&remember=yes").await;
    assert_eq!(page.location, "/notes");
    ann.restart();

    let refused = ann.get("/settings").await;
    assert_eq!((refused.status, &*refused.location), (302, "/confirm?next=%2Fsettings"));
    let form = ann.get(&refused.location).await.text;
    assert!(form.contains(r#"value="ann@example.com" autocomplete="username" readonly hidden"#), "{form}");
    assert!(form.contains(r#"autocomplete="current-password""#), "{form}");
    let page = ann.post(&refused.location, "email=ann@example.com&password=wrong").await;
    assert!(page.text.contains("That is not your password."), "{}", page.text);
    let confirmed = ann.post(&refused.location, "email=ann@example.com&password=correct+horse").await;
    assert_eq!(confirmed.location, "/settings");
    assert_eq!(ann.post("/settings", "email=anna@example.com").await.location, "/settings");
    let page = ann.get("/settings").await;
    assert!(page.text.contains("Your e-mail address was changed.") && page.text.contains("anna@example.com"));
}

/// Sessions and remember cookies of other devices end, and the password is still valid.
pub async fn logging_out_everywhere_ends_the_logins_of_all_devices<S: Site>() {
    let site = start::<S>().await;
    let (mut phone, mut desk) = (Browser::new(&site), Browser::new(&site));
    phone.sign_up("ann@example.com").await;
    desk.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    let mut restarted = desk.clone();
    restarted.restart();
    assert_eq!(phone.post("/log-out-everywhere", "").await.location, "/");
    for browser in [&mut phone, &mut desk, &mut restarted] {
        browser.is_asked_to_log_in().await;
    }
    desk.post("/login", "email=ann@example.com&password=correct+horse").await;
    assert_eq!(desk.get("/notes").await.status, 200);
}

/// The login page does not reveal who has an account. Only the sign-up page does, because
/// it must give the reason when it refuses.
pub async fn wrong_passwords_and_unknown_users_get_the_same_page<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let wrong = Browser::new(&site).post("/login", "email=ann@example.com&password=wrong").await;
    let unknown = Browser::new(&site).post("/login", "email=x@example.com&password=wrong").await;
    assert!(wrong.text.contains("The e-mail address or the password is wrong."), "{}", wrong.text);
    assert_eq!(wrong.text.replace("ann@example.com", ""), unknown.text.replace("x@example.com", ""));
    for (form, why) in [
        ("email=ann@example.com&password=12345678", "an account for this address already"),
        ("email=b@example.com&password=1234567", "at least 8 characters"),
        ("email=b&password=12345678", "no e-mail address"),
    ] {
        assert!(Browser::new(&site).post("/sign-up", form).await.text.contains(why), "{why}");
    }
}

/// The response contains the form again. Its status shows programs that nothing was done.
pub async fn an_invalid_form_is_answered_with_422_and_the_form<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    for path in ["/login", "/sign-up", "/confirm"] {
        let page = ann.post(path, "email=ann@example.com&password=wrong").await;
        assert_eq!((page.status, &*page.content_type), (422, "text/html; charset=utf-8"), "{path}");
        assert!(page.text.contains(r#"<form class="card" method="post">"#), "{path}: {}", page.text);
    }
    assert_eq!(ann.get("/notes").await.status, 200);
}

/// After a wrong password, only the password must be typed again.
pub async fn after_a_wrong_password_the_password_field_has_the_focus<S: Site>() {
    /// The name of the one field that a page puts the focus on.
    fn focused(text: &str) -> &str {
        let mut fields = text.split("<input ").filter(|field| field.contains(" autofocus>"));
        let field = fields.next().unwrap();
        assert_eq!(fields.next(), None);
        field.split('"').nth(3).unwrap()
    }
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    assert_eq!(focused(&ann.get("/login").await.text), "email");
    let page = ann.post("/login", "email=ann@example.com&password=wrong").await;
    assert!(page.text.contains(r#"value="ann@example.com""#), "{}", page.text);
    assert_eq!(focused(&page.text), "password");
}

/// A visitor without an account goes from the login page to the sign-up page. After that
/// they get to the page that they requested first, if it is on this site.
pub async fn signing_up_from_the_login_page_redirects_to_next<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    let refused = ann.get("/settings?a=%26&b").await;
    assert_eq!(refused.location, "/login?next=%2Fsettings%3Fa%3D%2526%26b");
    let query = refused.location.trim_start_matches("/login");
    for page in [ann.get(&refused.location).await, ann.get(&format!("/sign-up{query}")).await] {
        assert!(page.text.contains(&format!(r#"<a href="/login{query}">Log in</a>"#)), "{}", page.text);
        assert!(page.text.contains(&format!(r#"<a href="/sign-up{query}">Sign up</a>"#)), "{}", page.text);
    }
    let page = ann.post(&format!("/sign-up{query}"), "email=ann@example.com&password=short").await;
    assert!(page.text.contains(&format!(r#"<a href="/login{query}">"#)), "{}", page.text);
    let signed_up = ann.post(&format!("/sign-up{query}"), "email=ann@example.com&password=correct+horse").await;
    assert_eq!((signed_up.status, &*signed_up.location), (303, "/settings?a=%26&b"));

    let mut lured = Browser::new(&site);
    let page = lured.get("/login?next=https%3A%2F%2Fevil.example%2F").await;
    assert!(page.text.contains(r#"<a href="/sign-up">"#), "{}", page.text);
    lured.sign_up("ben@example.com").await;
}

/// A form that was sent without a login: after the login the browser is back on the page that
/// contains the form, or on the usual page if it did not say which that was.
pub async fn after_a_refused_form_the_login_leads_to_the_page_of_the_form<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    for (address, form, referer, encoded, page) in [
        ("/notes/delete", "id=1", "http://localhost/notes", "/login?next=%2Fnotes", "/notes"),
        (
            "/log-out-everywhere",
            "",
            "http://localhost/settings?a=b",
            "/login?next=%2Fsettings%3Fa%3Db",
            "/settings?a=b",
        ),
        ("/notes/delete", "id=1", "http://other.example/notes", "/login", "/notes"),
    ] {
        let mut ann = Browser::new(&site);
        let refused = ann.with_header("referer", referer).post(address, form).await;
        assert_eq!((refused.status, &*refused.location), (303, encoded));
        let logged_in = ann.post(encoded, "email=ann@example.com&password=correct+horse").await;
        assert_eq!((logged_in.status, &*logged_in.location), (303, page));
        assert_eq!(ann.get(page).await.status, 200);
    }
}

/// Unknown paths, methods that a path does not have (a 404 in Rocket), and invalid forms.
/// The login is kept.
pub async fn error_pages_contain_no_internal_details<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    ann.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    ann.get("/nowhere").await.assert_is_error(&[404]);
    ann.post("/", "").await.assert_is_error(&[404, 405]);
    for (path, form) in [
        ("/login", "email=ann@example.com"),
        ("/sign-up", "password=correct+horse"),
        ("/confirm", ""),
        ("/notes", "%"),
        ("/notes/delete", "id=first"),
        ("/settings", "address=ann@example.com"),
    ] {
        ann.post(path, form).await.assert_is_error(&[400, 422]);
    }
    assert_eq!(ann.get("/settings").await.status, 200);

    // The session cookie of a restored login is also in an error response.
    ann.restart();
    let page = ann.post("/notes", "").await;
    page.assert_is_error(&[400, 422]);
    assert!(page.cookies.iter().any(|line| line.starts_with("session=")), "{:?}", page.cookies);
    assert_eq!(ann.get("/notes").await.status, 200);
}

/// A form on another site cannot log a user in or out, and cannot write notes.
pub async fn forms_of_another_site_are_refused<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let mut lured = ann.with_header(name, value);
        for path in ["/login", "/log-out", "/notes", "/log-out-everywhere"] {
            let page = lured.post(path, "email=ann@example.com&password=correct+horse&text=spam").await;
            page.assert_is_error(&[403]);
        }
        assert_eq!(lured.get("/").await.status, 200);
    }
    assert_eq!(ann.with_header("sec-fetch-site", "same-origin").post("/log-out", "").await.status, 303);
}

/// The cookies are sent over HTTPS only, if clients use HTTPS.
pub async fn with_https_the_cookies_are_secure<S: Site>() {
    let site: S = start_on(Accounts::in_memory().await.unwrap(), true).await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let form = "email=ann@example.com&password=correct+horse&remember=yes";
    let page = Browser::new(&site).post("/login", form).await;
    assert_eq!(page.cookies.len(), 2);
    for cookie in page.cookies {
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    }
}

/// If the database fails, every page that needs it is an error without the cause. The user
/// does not count as logged out.
pub async fn a_failing_database_is_a_500_without_the_cause<S: Site>() {
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    accounts.close().await;
    let form = "email=ann@example.com&password=correct+horse";
    let pages = [
        ann.get("/notes").await,
        ann.get("/settings").await,
        ann.get("/").await,
        ann.post("/log-out", "").await,
        Browser::new(&site).post("/login", form).await,
    ];
    for (at, page) in pages.into_iter().enumerate() {
        page.assert_is_error(&[500]);
        // Only the logout, which is made even if the database fails, deletes cookies.
        let deletions = if at == 3 { 2 } else { 0 };
        assert_eq!(page.cookies.len(), deletions, "{:?}", page.cookies);
        assert!(page.cookies.iter().all(|line| line.contains("Max-Age=0")), "{:?}", page.cookies);
    }
    assert_eq!(Browser::new(&site).get("/login").await.status, 200);
}

/// The pages obey the content security policy. The test browser checks that every response
/// has it.
pub async fn the_style_sheet_is_served_and_no_style_is_inline<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    let style = ann.get("/style.css").await;
    assert_eq!((style.status, &*style.text), (200, STYLE));
    assert_eq!(style.content_type, "text/css; charset=utf-8");
    ann.sign_up("ann@example.com").await;
    for path in ["/", "/sign-up", "/login", "/confirm", "/notes", "/settings"] {
        let page = ann.get(path).await;
        assert!(page.text.contains(r#"<link rel="stylesheet" href="/style.css">"#), "{path}");
        assert!(!page.text.contains("<style") && !page.text.contains("style="), "{path}");
    }
}
