//! The page for administrators.

use example_accounts::Accounts;

use super::start_on;
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
    for address in ["<li>ann@example.com</li>", "<li>ben@example.com</li>"] {
        assert!(page.text.contains(address), "{}", page.text);
    }

    assert!(!ben.get("/").await.text.contains(link));
    ben.get("/admin").await.assert_is_error(&[403]);
    let refused = Browser::new(&site).get("/admin").await;
    assert_eq!((refused.status, &*refused.location), (302, "/login?next=%2Fadmin"));
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
