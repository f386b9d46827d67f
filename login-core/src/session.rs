//! What a session cookie holds, whichever format it came in.

use smol_str::SmolStr;

use crate::json::Object;
use crate::native::Digest;

/// Under this key stand the flashed messages.
pub(crate) const FLASHES: &str = "_flashes";
/// Under this key stands where a refused request wanted to go.
pub(crate) const NEXT: &str = "next";

/// The keys that an application can neither set nor remove.
const RESERVED: [&str; 8] =
    ["_user_id", "_fresh", "_id", "_permanent", "_remember", "_remember_seconds", "_login_at", FLASHES];

/// Those of them that are the login itself.
const LOGIN: [&str; 3] = ["_user_id", "_fresh", "_id"];

pub(crate) fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key)
}

/// Which client a session is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Flask-Login's hexadecimal SHA-512.
    Hex(Box<str>),
    /// The native format's keyed digest.
    Keyed(Digest),
}

/// A session's content. The login's own keys are fields, all else is `data`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Session {
    pub(crate) user_id: Option<SmolStr>,
    /// Whether Flask wrote the ID as a number, which it stays.
    pub(crate) has_numeric_id: bool,
    pub(crate) fresh: Option<bool>,
    pub(crate) binding: Option<Binding>,
    pub(crate) permanent: Option<bool>,
    /// How long the login asked to be remembered, in seconds (flask format).
    pub(crate) remember_seconds: Option<f64>,
    /// When credentials were last given, in seconds since 1970, where it is known.
    pub(crate) login_at: Option<u64>,
    /// Names one login among all of its user's (native format).
    pub(crate) login_id: [u8; 16],
    /// Keyed digest of user ID and [`auth_hash`](crate::User::auth_hash) (native format).
    pub(crate) auth: Option<Digest>,
    /// When the session began, which no rewrite renews (native format).
    pub(crate) started_at: Option<u64>,
    pub(crate) data: Object,
}

impl Session {
    /// Whether there is nothing worth a cookie in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.user_id.is_none()
            && self.fresh.is_none()
            && self.binding.is_none()
            && self.permanent.is_none()
            && self.remember_seconds.is_none()
            && self.login_at.is_none()
            && self.data.is_empty()
    }

    pub(crate) fn is_permanent(&self) -> bool {
        self.permanent == Some(true)
    }

    /// Takes the login's keys out; says whether any was there.
    pub(crate) fn forget_login(&mut self) -> bool {
        let mut had_any = self.user_id.take().is_some();
        had_any |= self.fresh.take().is_some();
        had_any |= self.binding.take().is_some();
        // Of types that only Flask knows, or that mean nothing here.
        for key in LOGIN {
            had_any |= self.data.remove(key).is_some();
        }
        self.login_at = None;
        self.login_id = [0; 16];
        self.auth = None;
        had_any
    }

    /// Whether there is a login of a user that only Flask knows: its ID is of a type of
    /// Python's that is no text and no number.
    pub(crate) fn has_foreign_login(&self) -> bool {
        self.data.get("_user_id").is_some_and(|json| json != "null")
    }

    /// The login's own keys as an application may read them, in JSON.
    pub(crate) fn own_key(&self, key: &str) -> Option<String> {
        match key {
            "_user_id" if self.has_numeric_id => self.user_id.as_deref().map(str::to_owned),
            "_user_id" => self.user_id.as_deref().map(crate::json::quote),
            "_fresh" => self.fresh.map(|fresh| fresh.to_string()),
            "_id" => self.binding.as_ref().map(|binding| match binding {
                Binding::Hex(hex) => crate::json::quote(hex),
                Binding::Keyed(digest) => crate::json::quote(&crate::client::hex(digest)),
            }),
            "_permanent" => self.permanent.map(|permanent| permanent.to_string()),
            "_remember_seconds" => self.remember_seconds.map(|seconds| format!("{seconds:?}")),
            "_login_at" => self.login_at.map(|at| at.to_string()),
            _ => None,
        }
    }

    /// The keys for which [`own_key`](Self::own_key) has a value.
    pub(crate) fn own_keys(&self) -> impl Iterator<Item = &'static str> + '_ {
        RESERVED.into_iter().filter(|key| self.own_key(key).is_some())
    }
}
