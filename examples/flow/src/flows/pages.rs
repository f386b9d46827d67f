//! What forms and pages contain, and the error pages.

use example_accounts::{Accounts, STYLE};

use super::{start, start_on};
use crate::{Browser, Site};

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
    for path in ["/login", "/sign-up", "/confirm", "/password"] {
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
        ("/password", ""),
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
        for path in [
            "/login",
            "/log-out",
            "/notes",
            "/password",
            "/tokens",
            "/sessions/end",
            "/sessions/end-others",
            "/log-out-everywhere",
        ] {
            let page = lured.post(path, "email=ann@example.com&password=correct+horse&text=spam").await;
            page.assert_is_error(&[403]);
        }
        assert_eq!(lured.get("/").await.status, 200);
    }
    assert_eq!(ann.with_header("sec-fetch-site", "same-origin").post("/log-out", "").await.status, 303);
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
    for path in ["/", "/sign-up", "/login", "/confirm", "/notes", "/settings", "/sessions", "/password"] {
        let page = ann.get(path).await;
        assert!(page.text.contains(r#"<link rel="stylesheet" href="/style.css">"#), "{path}");
        assert!(!page.text.contains("<style") && !page.text.contains("style="), "{path}");
    }
}
