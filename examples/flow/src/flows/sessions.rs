//! Where a user is logged in, and ending that.

use super::start;
use crate::browser::{EDGE, FIREFOX, IPHONE};
use crate::{Browser, Site};

const ENDED: &str = "You were logged out: this login was ended elsewhere.";

/// The rows of the list, in their order.
async fn rows<S: Site>(browser: &mut Browser<'_, S>) -> Vec<String> {
    let page = browser.get("/sessions").await;
    assert_eq!(page.status, 200);
    page.text.split("<li>").skip(1).map(str::to_owned).collect()
}

/// The form that the button of a row posts.
fn form_of(row: &str) -> String {
    let (_, id) = row.split_once(r#"name="id" value=""#).unwrap();
    format!("id={}", id.split('"').next().unwrap())
}

/// Browser, system and address are those of the login. Only the browser that asks is *this one*, and
/// its button is that of a logout.
pub async fn the_list_of_sessions_names_each_browser<S: Site>() {
    let site = start::<S>().await;
    let mut phone = Browser::of_kind(&site, IPHONE, "192.0.2.1");
    let mut desk = Browser::of_kind(&site, FIREFOX, "2001:db8::2");
    let mut ben = Browser::of_kind(&site, EDGE, "192.0.2.3");
    phone.sign_up("ann@example.com").await;
    desk.log_in("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    let times = "Logged in just now, last used just now";
    for (browser, is_phone) in [(&mut phone, true), (&mut desk, false)] {
        let [first, second]: [String; 2] = rows(browser).await.try_into().unwrap();
        for (row, name, address, is_current) in [
            (first, "<strong>Safari on iPhone</strong>", "192.0.2.1", is_phone),
            (second, "<strong>Firefox on Linux</strong>", "2001:db8::2", !is_phone),
        ] {
            assert!(row.contains(name) && row.contains(address) && row.contains(times), "{row}");
            assert_eq!(row.contains("(this one)"), is_current, "{row}");
            assert_eq!(row.contains(r#"action="/log-out""#), is_current, "{row}");
            assert_eq!(row.contains(r#"action="/sessions/end""#), !is_current, "{row}");
        }
    }
    let refused = Browser::new(&site).get("/sessions").await;
    assert_eq!((refused.status, &*refused.location), (302, "/login?next=%2Fsessions"));
}

/// The others stay. A second click says that there was nothing to end.
pub async fn a_session_can_be_ended_from_another_browser<S: Site>() {
    let site = start::<S>().await;
    let [mut desk, mut phone, mut work] =
        [FIREFOX, IPHONE, EDGE].map(|kind| Browser::of_kind(&site, kind, "192.0.2.1"));
    desk.sign_up("ann@example.com").await;
    phone.log_in("ann@example.com").await;
    work.log_in("ann@example.com").await;
    let list = rows(&mut desk).await;
    let row = list.iter().find(|row| row.contains("Safari on iPhone")).unwrap();
    assert_eq!(desk.post("/sessions/end", &form_of(row)).await.location, "/sessions");
    phone.is_asked_to_log_in().await;
    assert_eq!(work.get("/notes").await.status, 200);
    let page = desk.get("/sessions").await.text;
    assert!(page.contains("That login has ended.") && !page.contains("Safari on iPhone"), "{page}");
    desk.post("/sessions/end", &form_of(row)).await;
    assert!(desk.get("/sessions").await.text.contains("You have no such login."));
    assert_eq!(rows(&mut desk).await.len(), 2);
}

/// This one stays.
pub async fn all_other_sessions_can_be_ended<S: Site>() {
    let site = start::<S>().await;
    let [mut desk, mut phone, mut work, mut ben] = std::array::from_fn(|_| Browser::new(&site));
    desk.sign_up("ann@example.com").await;
    phone.log_in("ann@example.com").await;
    work.log_in("ann@example.com").await;
    ben.sign_up("ben@example.com").await;
    assert_eq!(desk.post("/sessions/end-others", "").await.location, "/sessions");
    phone.is_asked_to_log_in().await;
    work.is_asked_to_log_in().await;
    assert_eq!(ben.get("/notes").await.status, 200);
    let page = desk.get("/sessions").await.text;
    assert!(page.contains("You are logged out everywhere else.") && !page.contains("/sessions/end-others"), "{page}");
    assert_eq!(rows(&mut desk).await.len(), 1);
}

/// The ID of another user's session is as good as none, and so is a text that is no ID.
pub async fn the_session_of_another_user_cannot_be_ended<S: Site>() {
    let site = start::<S>().await;
    let [mut desk, mut phone, mut eve] = std::array::from_fn(|_| Browser::new(&site));
    desk.sign_up("ann@example.com").await;
    phone.log_in("ann@example.com").await;
    eve.sign_up("eve@example.com").await;
    let list = rows(&mut desk).await;
    let row = list.iter().find(|row| !row.contains("(this one)")).unwrap();
    for form in [&*form_of(row), "id=0", "id="] {
        assert_eq!(eve.post("/sessions/end", form).await.location, "/sessions");
        assert!(eve.get("/sessions").await.text.contains("You have no such login."), "{form}");
    }
    assert_eq!(phone.get("/notes").await.status, 200);
    let refused = Browser::new(&site).post("/sessions/end", &form_of(row)).await;
    assert_eq!((refused.status, &*refused.location), (303, "/login"));
    assert_eq!(phone.get("/notes").await.status, 200);
}

/// Also a browser that has nothing left but its remember cookie. Visitors, and users who logged out
/// themselves, are told nothing.
pub async fn a_browser_whose_login_was_ended_elsewhere_is_told_so_once<S: Site>() {
    let site = start::<S>().await;
    let [mut desk, mut phone, mut work, mut visitor] = std::array::from_fn(|_| Browser::new(&site));
    desk.sign_up("ann@example.com").await;
    phone.log_in("ann@example.com").await;
    work.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    work.restart();
    assert!(!phone.get("/").await.text.contains(ENDED));
    desk.post("/sessions/end-others", "").await;
    for browser in [&mut phone, &mut work] {
        let page = browser.get("/").await.text;
        assert!(page.contains(ENDED), "{page}");
        assert!(!browser.get("/").await.text.contains(ENDED));
    }
    assert!(!desk.get("/").await.text.contains(ENDED));
    desk.post("/log-out", "").await;
    visitor.is_asked_to_log_in().await;
    for browser in [&mut desk, &mut visitor] {
        for path in ["/login", "/"] {
            assert!(!browser.get(path).await.text.contains(ENDED), "{path}");
        }
    }
}
