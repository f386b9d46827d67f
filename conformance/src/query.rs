//! The queries of the routes.

use std::collections::BTreeMap;

use login_core::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `1` is true.
#[must_use]
pub fn flag(value: Option<&str>) -> bool {
    value == Some("1")
}

/// The query of `/login`.
#[derive(Debug, Deserialize)]
pub struct LoginQuery {
    pub(crate) user: Option<String>,
    pub(crate) remember: Option<String>,
    pub(crate) duration: Option<String>,
    pub(crate) force: Option<String>,
    pub(crate) fresh: Option<String>,
    pub(crate) permanent: Option<String>,
}

/// The query of `/users`.
#[derive(Debug, Deserialize)]
pub struct UsersQuery {
    /// Whom to change.
    pub user: String,
    /// `1` or `0`.
    pub active: Option<String>,
    /// `1`: remove the user.
    pub deleted: Option<String>,
    /// `1`: loading the user fails from now on.
    pub broken: Option<String>,
    /// The user's auth hash.
    pub auth: Option<String>,
}

/// The query of `/get`.
#[derive(Debug, Deserialize)]
pub struct Key {
    /// What to read.
    pub key: String,
}

/// The query of `/set`.
#[derive(Debug, Deserialize)]
pub struct Pair {
    /// What to write.
    pub key: String,
    /// Its value, a text.
    pub value: String,
}

/// The query of `/held` and `/release`, and of the routes that can wait.
#[derive(Debug, Deserialize)]
pub struct HoldQuery {
    pub(crate) hold: String,
}

/// The query of `/logout`.
#[derive(Debug, Deserialize)]
pub(crate) struct KeepQuery {
    /// The key of the data that stays.
    pub(crate) keep: Option<String>,
}

/// The query of `/sessions/end`.
#[derive(Debug, Deserialize)]
pub struct SessionQuery {
    pub(crate) id: String,
}

/// The query of `/sessions/end-all`.
#[derive(Debug, Deserialize)]
pub struct UserQuery {
    pub(crate) user: String,
}

/// The query of an address as one of the types here, `None` where that lacks what the type
/// must have: the request is a bad one. Of doubled names the first counts, as in Flask.
#[must_use]
pub fn query<T: DeserializeOwned>(target: &str) -> Option<T> {
    let request = Request::new("GET", target);
    let names = ["user", "remember", "duration", "force", "fresh", "permanent", "active", "deleted", "broken", "auth"];
    let names = names.into_iter().chain(["key", "value", "hold", "keep", "id", "fail"]);
    let pairs = names.filter_map(|name| Some((name, request.query_value(name)?)));
    serde_json::to_value(pairs.collect::<BTreeMap<_, _>>()).and_then(serde_json::from_value).ok()
}
