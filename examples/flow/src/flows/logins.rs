//! How logins begin, are remembered and end.

use example_accounts::Accounts;

use super::{start, start_on};
use crate::{Browser, Site};

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
