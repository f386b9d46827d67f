//! The page for administrators.

use example_accounts::Accounts;

use super::start_on;
use crate::browser::{EDGE, FIREFOX, IPHONE};
use crate::log::{collect, lines_with};
use crate::{Browser, Site};

/// Others get 403, and visitors the login page. Only administrators get a link to it.
pub async fn only_an_administrator_sees_the_accounts<S: Site>() {
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let (mut ann, mut ben) = (Browser::new(&site), Browser::new(&site));
    ann.sign_up("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    let link = r#"<a href="/admin">"#;
    assert!(!ann.get("/").await.text.contains(link));
    ann.get("/admin").await.assert_is_error(&[403]);

    accounts.make_admin("Ann@example.com").await.unwrap();
    assert!(ann.get("/").await.text.contains(link));
    let page = ann.get("/admin").await;
    assert_eq!(page.status, 200);
    for address in [r#"<a href="/admin/1">ann@example.com</a>"#, r#"<a href="/admin/2">ben@example.com</a>"#] {
        assert!(page.text.contains(address), "{}", page.text);
    }

    assert!(!ben.get("/").await.text.contains(link));
    ben.get("/admin").await.assert_is_error(&[403]);
    let refused = Browser::new(&site).get("/admin").await;
    assert_eq!((refused.status, &*refused.location), (302, "/login?next=%2Fadmin"));
}

/// The page of a user lists their sessions, and a button ends them all.
pub async fn only_an_administrator_sees_and_ends_the_sessions_of_a_user<S: Site>() {
    const BEN: &str = "/admin/2";
    collect();
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let mut ann = Browser::of_kind(&site, FIREFOX, "192.0.2.1");
    let mut phone = Browser::of_kind(&site, IPHONE, "192.0.2.2");
    let mut desk = Browser::of_kind(&site, EDGE, "192.0.2.3");
    ann.sign_up("ann@example.com").await;
    phone.sign_up("ben@example.com").await;
    desk.log_in("ben@example.com").await;
    accounts.make_admin("ann@example.com").await.unwrap();

    for page in [phone.get("/admin/1").await, phone.get(BEN).await, phone.post("/admin/1", "").await] {
        page.assert_is_error(&[403]);
    }
    let refused = Browser::new(&site).get(BEN).await;
    assert_eq!((refused.status, &*refused.location), (302, "/login?next=%2Fadmin%2F2"));

    let page = ann.get(BEN).await.text;
    for part in ["<h1>ben@example.com</h1>", "Safari on iPhone", "192.0.2.2", "Edge on Windows", "192.0.2.3"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Firefox on Linux"), "{page}");
    assert_eq!(ann.post(BEN, "").await.location, BEN);
    assert_eq!(lines_with("event=ended_by_admin;"), ["event=ended_by_admin;user=2;admin=1;sessions=2;"]);
    phone.is_asked_to_log_in().await;
    desk.is_asked_to_log_in().await;
    let page = ann.get(BEN).await.text;
    assert!(page.contains("This user is logged in nowhere.") && !page.contains("<button>"), "{page}");

    ann.get("/admin/3").await.assert_is_error(&[404]);
    ann.post("/admin/3", "").await.assert_is_error(&[404]);
    // This ends the administrator's own session too.
    assert_eq!(ann.post("/admin/1", "").await.location, "/admin/1");
    ann.is_asked_to_log_in().await;
}

/// Whoever takes the address that an administrator had before is no administrator.
pub async fn an_account_stays_administrator_when_its_address_changes<S: Site>() {
    let accounts = Accounts::in_memory().await.unwrap();
    let site: S = start_on(accounts.clone(), false).await;
    let (mut ann, mut eve) = (Browser::new(&site), Browser::new(&site));
    assert!(accounts.make_admin("ann@example.com").await.is_err(), "there is no such account");
    ann.sign_up("ann@example.com").await;
    accounts.make_admin("ann@example.com").await.unwrap();
    ann.post("/settings", "email=anna@example.com").await;
    eve.sign_up("ann@example.com").await;
    assert_eq!(ann.get("/admin").await.status, 200);
    eve.get("/admin").await.assert_is_error(&[403]);
}
