//! The content of a session, independent of the cookie format.

use std::borrow::Cow;

use login_store::SessionId;
use smol_str::SmolStr;

use crate::session::json::{self, Object};

/// The key of the flashed messages.
pub(crate) const FLASHES: &str = "_flashes";
/// The key of the address that a refused request asked for.
pub(crate) const NEXT: &str = "next";

/// A keyed digest in the native format: of the client, or of the user's auth hash.
pub(crate) type Digest = [u8; 16];

/// The keys that an application can neither set nor remove.
const RESERVED: [&str; 8] =
    ["_user_id", "_fresh", "_id", "_permanent", "_remember", "_remember_seconds", "_login_at", FLASHES];

/// The reserved keys that make up the login.
const LOGIN: [&str; 3] = ["_user_id", "_fresh", "_id"];

pub(crate) fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key)
}

/// The client that a session is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Flask-Login's session identifier, a SHA-512 in hexadecimal digits.
    Hex(Box<str>),
    /// The keyed digest of the native format.
    Keyed(Digest),
}

/// The content of a session. The keys of the login are fields; `data` is everything else.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Session {
    pub(crate) user_id: Option<SmolStr>,
    /// Whether Flask wrote the ID as a number, so that it is written as a number again.
    pub(crate) has_numeric_id: bool,
    pub(crate) fresh: Option<bool>,
    pub(crate) binding: Option<Binding>,
    pub(crate) permanent: Option<bool>,
    /// The remember duration that this login was made with, in seconds (flask format).
    pub(crate) remember_seconds: Option<f64>,
    /// When the user last entered credentials, in seconds since 1970, if known.
    pub(crate) login_at: Option<u64>,
    /// A random ID of this login (native format).
    pub(crate) login_id: [u8; 16],
    /// A keyed digest of the user ID and the user's `auth_hash` (native format).
    pub(crate) auth: Option<Digest>,
    /// When the login was made, in seconds since 1970. A remember cookie restores it with the
    /// same time (native format).
    pub(crate) began_at: Option<u64>,
    /// When the cookie was written that brought this session, in seconds since 1970 (native
    /// format).
    pub(crate) written_at: Option<u64>,
    /// The position of the key that verified the cookie which brought this session.
    pub(crate) key: Option<usize>,
    pub(crate) data: Object,
}

impl Session {
    /// Whether the session needs no cookie.
    pub(crate) fn is_empty(&self) -> bool {
        self.user_id.is_none()
            && self.fresh.is_none()
            && self.binding.is_none()
            && self.permanent.is_none()
            && self.remember_seconds.is_none()
            && self.login_at.is_none()
            && self.data.is_empty()
    }

    /// The ID of the session. Only the login of a native session has one.
    pub(crate) fn id(&self) -> Option<SessionId> {
        (self.login_id != [0; 16]).then(|| SessionId::from_bytes(self.login_id))
    }

    pub(crate) fn is_permanent(&self) -> bool {
        self.permanent == Some(true)
    }

    /// Removes the keys of the login. Returns whether there were any.
    pub(crate) fn remove_login(&mut self) -> bool {
        let mut had_any = self.user_id.take().is_some();
        had_any |= self.fresh.take().is_some();
        had_any |= self.binding.take().is_some();
        // Values of types that only Flask uses are part of the data.
        for key in LOGIN {
            had_any |= self.data.remove(key).is_some();
        }
        self.login_at = None;
        self.began_at = None;
        self.login_id = [0; 16];
        self.auth = None;
        had_any
    }

    /// Whether the session has a login that only Flask can use: the type of the user ID is
    /// neither text nor number.
    pub(crate) fn has_foreign_login(&self) -> bool {
        self.data.get("_user_id").is_some_and(|json| json != "null")
    }

    /// The login's own members, with the JSON texts of keys and values.
    fn own_members(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let truth = |value: bool| Cow::Borrowed(if value { "true" } else { "false" });
        let user_id = self.user_id.as_deref().map(|id| match self.has_numeric_id {
            true => Cow::Borrowed(id),
            false => json::quote(id).into(),
        });
        let binding = self.binding.as_ref().map(|binding| match binding {
            Binding::Hex(hex) => json::quote(hex).into(),
            Binding::Keyed(digest) => json::quote(&hex(digest)).into(),
        });
        let members = [
            ("\"_user_id\"", user_id),
            ("\"_fresh\"", self.fresh.map(truth)),
            ("\"_id\"", binding),
            ("\"_permanent\"", self.permanent.map(truth)),
            ("\"_remember_seconds\"", self.remember_seconds.map(|seconds| format!("{seconds:?}").into())),
            ("\"_login_at\"", self.login_at.map(|at| at.to_string().into())),
        ];
        members.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    /// The members of the whole session, with the JSON texts of keys and values: the data, and the login's own.
    pub(crate) fn members(&self) -> Vec<(&str, Cow<'_, str>)> {
        let mut members: Vec<(&str, Cow<'_, str>)> = self.own_members().collect();
        let own = members.len();
        for (key, value) in self.data.members() {
            let is_own = members.iter().take(own).any(|(own, _)| *own == key);
            if !is_own {
                members.push((key, value.into()));
            }
        }
        members
    }
}

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(nibbles.map(|nibble| char::from_digit(u32::from(nibble), 16).unwrap_or_default()));
    text
}
