//! What all pages have.

use axum::response::Html;
use login_axum::{Error, Login};

use crate::member::Member;

/// A page with the flashed messages, whichever side flashed them. No message contains what a user
/// wrote, so nothing has to be escaped.
pub(crate) fn page(login: &Login<Member>, text: &str) -> Result<Html<String>, Error> {
    let flashes: String = login.take_flashes()?.iter().map(|flash| format!("<p>{}</p>\n", flash.message)).collect();
    Ok(Html(format!("<!doctype html>\n{flashes}{text}\n<p>Served by Rust</p>\n")))
}
