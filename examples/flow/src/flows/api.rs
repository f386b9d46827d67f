//! The API, and its tokens.

use example_accounts::Accounts;

use super::{start, start_on};
use crate::{Browser, Page, Site};

/// Creates a token on the settings page.
async fn create_token<S: Site>(browser: &mut Browser<'_, S>) -> String {
    let page = browser.post("/tokens", "").await;
    assert_eq!(page.status, 200);
    let (_, rest) = page.text.split_once(r#"<code class="token">"#).unwrap();
    rest.split_once("</code>").unwrap().0.to_owned()
}

/// A program, which sends a token and has no cookies.
fn program<'s, S: Site>(site: &'s S, token: &str) -> Browser<'s, S> {
    Browser::new(site).with_header("authorization", &format!("Bearer {token}"))
}

fn assert_is_problem(page: &Page, statuses: &[u16]) {
    assert!(statuses.contains(&page.status), "{}: {}", page.status, page.text);
    assert_eq!((&*page.content_type, &*page.location), ("application/problem+json", ""));
    assert!(page.text.contains(&format!(r#""status":{},"#, page.status)), "{}", page.text);
}

/// No cookies are needed, and none are set. Another user's notes are not in the response.
pub async fn a_program_with_a_token_reads_and_adds_notes<S: Site>() {
    let site = start::<S>().await;
    let (mut ann, mut ben) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    ann.post("/notes", "text=milk").await;
    let mut program = program(&site, &create_token(&mut ann).await);
    let page = program.get("/api/notes").await;
    assert_eq!((page.status, &*page.content_type), (200, "application/json"));
    assert_eq!((&*page.text, page.cookies.len()), (r#"[{"id":1,"text":"milk"}]"#, 0));
    let page = program.post_json("/api/notes", r#"{"text":" <b>bread "}"#).await;
    assert_eq!((page.status, &*page.content_type), (201, "application/json"));
    assert_eq!((&*page.text, page.cookies.len()), (r#"{"id":2,"text":"<b>bread"}"#, 0));
    assert!(ann.get("/notes").await.text.contains("&#60;b&#62;bread"));
    assert_eq!(ben.get("/api/notes").await.text, "[]", "a login counts too");
}

/// The settings page shows a token in the response to its creation only.
pub async fn a_token_is_shown_once<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    assert!(ann.get("/settings").await.text.contains("You have 0 tokens."));
    let (first, second) = (create_token(&mut ann).await, create_token(&mut ann).await);
    assert!(first != second && first.len() == 43, "{first} {second}");
    let page = ann.get("/settings").await;
    assert!(page.text.contains("You have 2 tokens.") && !page.text.contains(&second), "{}", page.text);
}

/// Explicit credentials win over cookies.
pub async fn a_wrong_token_is_refused_even_with_the_cookies_of_a_login<S: Site>() {
    let site = start::<S>().await;
    let (mut ann, mut ben) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    assert_eq!(ann.get("/api/notes").await.status, 200);
    let page = ann.with_header("authorization", "Bearer wrong").get("/api/notes").await;
    assert_is_problem(&page, &[401]);
    assert_eq!(ann.get("/api/notes").await.status, 200);

    let token = create_token(&mut ben).await;
    let mut both = ann.with_header("authorization", &format!("Bearer {token}"));
    assert_eq!(both.post_json("/api/notes", r#"{"text":"of Ben"}"#).await.status, 201);
    assert_eq!(ann.get("/api/notes").await.text, "[]");
}

/// Without a login, from another site, for an unknown path, with an invalid body or a form (a
/// 404 in Rocket), and if the database fails. A program is never redirected.
pub async fn errors_of_the_api_are_json<S: Site>() {
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let (mut ann, mut visitor) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    assert_is_problem(&visitor.get("/api/notes").await, &[401]);
    let milk = r#"{"text":"milk"}"#;
    assert_is_problem(&visitor.post_json("/api/notes", milk).await, &[401]);
    let mut lured = ann.with_header("sec-fetch-site", "cross-site");
    assert_is_problem(&lured.post_json("/api/notes", milk).await, &[403]);
    assert_is_problem(&ann.get("/api/nowhere").await, &[404]);
    for invalid in ["milk", "{}", r#"{"text":1}"#, r#"{"text":" "}"#] {
        assert_is_problem(&ann.post_json("/api/notes", invalid).await, &[400, 422]);
    }
    assert_is_problem(&ann.post("/api/notes", "text=milk").await, &[400, 404, 415]);
    assert_eq!(ann.get("/api/notes").await.text, "[]");

    let mut program = program(&site, &create_token(&mut ann).await);
    accounts.close().await;
    for browser in [&mut ann, &mut program] {
        assert_is_problem(&browser.get("/api/notes").await, &[500]);
    }
}

/// They also stop working with a new password.
pub async fn deleted_tokens_stop_working<S: Site>() {
    let site = start::<S>().await;
    let (mut ann, mut ben) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    let mut of_ben = program(&site, &create_token(&mut ben).await);
    for (path, form) in [("/tokens/delete", ""), ("/password", "password=battery+staple")] {
        let (first, second) = (create_token(&mut ann).await, create_token(&mut ann).await);
        let mut programs = [program(&site, &first), program(&site, &second)];
        for program in &mut programs {
            assert_eq!(program.get("/api/notes").await.status, 200);
        }
        assert_eq!(ann.post(path, form).await.location, "/settings");
        for program in &mut programs {
            assert_is_problem(&program.get("/api/notes").await, &[401]);
        }
        assert!(ann.get("/settings").await.text.contains("You have 0 tokens."));
    }
    assert_eq!(of_ben.get("/api/notes").await.status, 200);
}

/// A token is for the API only. It opens no page, and creates no other token.
pub async fn a_token_opens_no_pages<S: Site>() {
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    accounts.make_admin("ann@example.com").await.unwrap();
    let mut program = program(&site, &create_token(&mut ann).await);
    for path in ["/notes", "/settings", "/sessions", "/admin", "/admin/1"] {
        program.get(path).await.assert_is_error(&[401]);
    }
    for path in ["/tokens", "/tokens/delete", "/sessions/end-others", "/log-out-everywhere", "/admin/1"] {
        program.post(path, "").await.assert_is_error(&[401]);
    }
    assert_eq!(program.get("/api/notes").await.status, 200);
}
