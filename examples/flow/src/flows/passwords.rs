//! Changing the password.

use super::start;
use crate::{Browser, Site};

const LOG_IN: &str = "email=ann@example.com&password=correct+horse";
const LOG_IN_REMEMBERED: &str = "email=ann@example.com&password=correct+horse&remember=yes";

/// Changes the password to `battery staple`, ends other logins, and checks that the browser is still
/// logged in.
async fn change_password<S: Site>(browser: &mut Browser<'_, S>) {
    let page = browser.post("/password", "email=ann@example.com&password=battery+staple&end_others=yes").await;
    assert_eq!((page.status, &*page.location), (303, "/settings"), "{}", page.text);
    let page = browser.get("/settings").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Your password was changed."), "{}", page.text);
}

/// Sessions and remember cookies of other browsers end, and so do copies of the old cookies of
/// this browser. Its own login continues.
pub async fn a_new_password_ends_the_logins_of_other_browsers_and_keeps_this_one<S: Site>() {
    let site = start::<S>().await;
    let (mut phone, mut desk) = (Browser::new(&site), Browser::new(&site));
    phone.sign_up("ann@example.com").await;
    desk.post("/login", LOG_IN_REMEMBERED).await;
    let (mut restarted, mut copied) = (desk.clone(), phone.clone());
    restarted.restart();
    assert_eq!(copied.get("/notes").await.status, 200);

    change_password(&mut phone).await;
    for browser in [&mut desk, &mut restarted, &mut copied] {
        browser.is_asked_to_log_in().await;
    }
    assert_eq!(phone.get("/notes").await.status, 200);
    assert_eq!(desk.post("/login", LOG_IN).await.status, 422);
    assert_eq!(desk.post("/login", "email=ann@example.com&password=battery+staple").await.location, "/notes");
}

/// Without the checkbox, other browsers stay logged in. A copy of the cookie that changed the password
/// does not.
pub async fn a_new_password_ends_other_logins_only_if_that_is_chosen<S: Site>() {
    let site = start::<S>().await;
    let (mut phone, mut desk) = (Browser::new(&site), Browser::new(&site));
    phone.sign_up("ann@example.com").await;
    desk.post("/login", LOG_IN_REMEMBERED).await;
    assert!(phone.get("/password").await.text.contains(r#"name="end_others" value="yes" checked>"#));

    let mut copied = phone.clone();
    assert_eq!(phone.post("/password", "password=battery+staple").await.location, "/settings");
    assert_eq!(desk.get("/notes").await.status, 200);
    desk.restart();
    assert_eq!(desk.get("/notes").await.status, 200);
    copied.is_asked_to_log_in().await;

    change_password(&mut phone).await;
    desk.is_asked_to_log_in().await;
}

/// The browser gets a remember cookie for the new password, because it had one for the old.
pub async fn a_remembered_login_stays_remembered_after_a_new_password<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let mut ann = Browser::new(&site);
    ann.post("/login", LOG_IN_REMEMBERED).await;
    let mut copied = ann.clone();
    change_password(&mut ann).await;
    for browser in [&mut ann, &mut copied] {
        browser.restart();
    }
    assert_eq!(ann.get("/notes").await.status, 200);
    copied.is_asked_to_log_in().await;
}

/// A login that ends with the browser still does.
pub async fn a_login_that_is_not_remembered_stays_so_after_a_new_password<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let mut ann = Browser::new(&site);
    ann.post("/login", LOG_IN).await;
    change_password(&mut ann).await;
    ann.restart();
    ann.is_asked_to_log_in().await;
}

/// The password page does not ask for the old password. So a login that is not fresh must
/// confirm it first, and nothing is changed before.
pub async fn a_new_password_needs_a_fresh_login<S: Site>() {
    let site = start::<S>().await;
    Browser::new(&site).sign_up("ann@example.com").await;
    let mut ann = Browser::new(&site);
    ann.post("/login", LOG_IN_REMEMBERED).await;
    ann.restart();
    let refused = ann.post("/password", "password=battery+staple").await;
    assert_eq!((refused.status, &*refused.location), (303, "/confirm"));
    let refused = ann.get("/password").await;
    assert_eq!((refused.status, &*refused.location), (302, "/confirm?next=%2Fpassword"));
    assert_eq!(ann.post(&refused.location, "password=correct+horse").await.location, "/password");
    let form = ann.get("/password").await.text;
    assert!(form.contains(r#"autocomplete="new-password""#) && !form.contains("current-password"), "{form}");
    change_password(&mut ann).await;
}

/// A password that is too short is refused with the reason, and the old one stays.
pub async fn a_new_password_of_less_than_8_characters_is_refused<S: Site>() {
    let site = start::<S>().await;
    let mut ann = Browser::new(&site);
    ann.sign_up("ann@example.com").await;
    let page = ann.post("/password", "password=1234567").await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("at least 8 characters.</p>"), "{}", page.text);
    assert_eq!(Browser::new(&site).post("/login", LOG_IN).await.location, "/notes");
}
