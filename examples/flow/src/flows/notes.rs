//! Notes.

use super::start;
use crate::{Browser, Site};

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
