//! The audit log.

use super::start;
use crate::browser::{EDGE, FIREFOX, IPHONE};
use crate::log::{collect, lines_with};
use crate::{Browser, Site};

/// The tests of a process share the log, so each has an address of its own.
fn lines_from(address: &str) -> Vec<String> {
    lines_with(&format!("address={address};"))
}

/// The part of a line that names what happened and to whom.
fn what(line: &str) -> String {
    let named = |field: &&str| field.starts_with("event=") || field.starts_with("user=");
    line.split(';').filter(named).collect::<Vec<_>>().join(" ")
}

/// Logins, failures, refusals and logouts are in the log. Passwords and cookies are not.
pub async fn the_audit_log_says_who_did_what_from_where<S: Site>() {
    const HERE: &str = "192.0.2.101";
    collect();
    let site = start::<S>().await;
    let mut ann = Browser::of_kind(&site, FIREFOX, HERE);
    ann.is_asked_to_log_in().await;
    ann.sign_up("ann@example.com").await;
    ann.post("/login", "email=my+secret+word&password=wrong+horse").await;
    ann.post("/confirm", "password=correct+horse").await;
    ann.get("/admin").await;
    ann.with_header("origin", "https://evil.example").post("/notes", "text=spam").await;
    ann.post("/login", "email=ann@example.com&password=correct+horse&remember=yes").await;
    ann.restart();
    ann.get("/notes?secret=word").await;
    let secrets: Vec<String> = ann.secrets().map(str::to_owned).collect();
    assert_eq!(secrets.len(), 2);
    ann.post("/log-out", "").await;

    let lines = lines_from(HERE);
    assert_eq!(
        lines.iter().map(|line| what(line)).collect::<Vec<_>>(),
        [
            "event=unauthorized",
            "event=logged_in user=1",
            "event=login_failed",
            "event=login_confirmed user=1",
            "event=forbidden user=1",
            "event=cross_site_refused",
            "event=logged_in user=1",
            "event=loaded_from_cookie user=1",
            "event=logged_out user=1",
        ]
    );
    assert!(lines.iter().any(|line| line.contains("device=Firefox on Linux;path=/sign-up;")), "{lines:?}");
    for line in &lines {
        for secret in secrets.iter().map(String::as_str).chain(["secret", "word", "horse"]) {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

/// The line of the login has the same ID.
pub async fn the_audit_log_says_which_session_was_ended<S: Site>() {
    const HERE: &str = "192.0.2.102";
    const THERE: &str = "192.0.2.103";
    collect();
    let site = start::<S>().await;
    let (mut desk, mut phone) = (Browser::of_kind(&site, FIREFOX, HERE), Browser::of_kind(&site, IPHONE, THERE));
    desk.sign_up("ann@example.com").await;
    phone.log_in("ann@example.com").await;
    desk.post("/sessions/end-others", "").await;
    let logged_in = lines_from(THERE).remove(0);
    let session = logged_in.split(';').find(|field| field.starts_with("session=")).unwrap();
    let of_session = lines_with(session);
    assert_eq!(
        of_session.iter().map(|line| what(line)).collect::<Vec<_>>(),
        ["event=logged_in user=1", "event=session_ended user=1"]
    );
    assert!(of_session.last().unwrap().contains(&format!("address={HERE};")), "{of_session:?}");
}

/// The first device of an account is not new, and a device is new once.
pub async fn a_login_with_a_new_device_is_logged_once<S: Site>() {
    const HERE: &str = "192.0.2.104";
    collect();
    let site = start::<S>().await;
    let mut ann = Browser::of_kind(&site, FIREFOX, HERE);
    ann.sign_up("ann@example.com").await;
    for kind in [IPHONE, FIREFOX, IPHONE, EDGE] {
        Browser::of_kind(&site, kind, HERE).log_in("ann@example.com").await;
    }
    let new_devices = || lines_from(HERE).into_iter().filter(|line| line.contains("event=new_device;"));
    // A task of its own writes them. Each request lets it continue.
    for _ in 0..1000 {
        if new_devices().count() >= 2 {
            break;
        }
        ann.get("/notes").await;
    }
    assert_eq!(
        new_devices().collect::<Vec<_>>(),
        [
            format!("event=new_device;user=1;address={HERE};device=Safari on iPhone;"),
            format!("event=new_device;user=1;address={HERE};device=Edge on Windows;"),
        ]
    );
}
