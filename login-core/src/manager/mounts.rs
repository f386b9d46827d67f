//! Finds managers that must not be mounted together, because a login of one could pass as
//! a login of the other.

use std::any::{TypeId, type_name};
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::config::settings::Config;
use crate::formats::format::Format;
use crate::log;
use crate::manager::login_manager::LoginManager;
use crate::user::User;

/// How many managers this program has built so far.
static BUILT: AtomicUsize = AtomicUsize::new(0);

/// The managers that still exist.
static PRESENT: Mutex<Vec<Weak<Mount>>> = Mutex::new(Vec::new());

/// The managers that are mounted around one request, or attached to one server. A cookie of
/// one must never be valid for another. An adapter adds each manager.
#[derive(Clone, Default)]
pub struct Mounts(Vec<Arc<Mount>>);

/// What must be different in two managers that are mounted together. Clones of a manager
/// share it.
pub(crate) struct Mount {
    user: (TypeId, &'static str),
    cookies: [String; 2],
    /// The fingerprints of the keys in the flask format, where a cookie's value is not bound
    /// to its name.
    fingerprints: Vec<[u8; 16]>,
}

impl Mount {
    pub(crate) fn new<U: User>(config: &Config, format: &Format) -> Arc<Self> {
        BUILT.fetch_add(1, Ordering::Relaxed);
        let cookies = [&config.session_cookie, &config.remember_cookie].map(|cookie| cookie.name.to_string());
        let user = (TypeId::of::<U>(), type_name::<U>());
        let mount = Arc::new(Self { user, cookies, fingerprints: format.fingerprints() });
        mount.warn_of_others();
        mount
    }

    /// Logs a warning if another manager has a cookie with the same name. If the two are
    /// mounted side by side, no request reaches both and [`Mounts::add`] finds nothing. This
    /// is no error, because they may be on different hosts.
    fn warn_of_others(self: &Arc<Self>) {
        let mut present = PRESENT.lock().unwrap_or_else(PoisonError::into_inner);
        present.retain(|other| other.strong_count() > 0);
        let others: Vec<Arc<Self>> = present.iter().filter_map(Weak::upgrade).collect();
        present.push(Arc::downgrade(self));
        drop(present);
        for other in others.iter().filter(|other| other.user.0 != self.user.0) {
            if let Some(name) = self.shared_cookie(other) {
                log::warn(format_args!(
                    "the login managers of `{}` and `{}` use the same cookie {name:?}: on the same host, a login of one may be valid for the other; rename the cookies of one",
                    other.user.1, self.user.1,
                ));
            }
        }
    }

    fn shared_cookie(&self, other: &Self) -> Option<&String> {
        self.cookies.iter().find(|name| other.cookies.contains(name))
    }
}

impl std::fmt::Debug for Mounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|mount| &mount.cookies)).finish()
    }
}

impl Mounts {
    /// Whether there is more than one manager. If not, [`add`](Self::add) finds nothing.
    #[must_use]
    pub fn are_needed() -> bool {
        BUILT.load(Ordering::Relaxed) > 1
    }

    /// Adds a manager. The same manager can be added twice.
    ///
    /// # Errors
    /// [`MountError`] if another manager has a cookie with the same name, the same user
    /// type or, in the flask format, the same secret key.
    pub fn add<U: User>(&mut self, manager: &LoginManager<U>) -> Result<(), MountError> {
        let mount = &manager.mount;
        for other in self.0.iter().filter(|other| !Arc::ptr_eq(other, mount)) {
            if let Some(name) = mount.shared_cookie(other) {
                return Err(MountError::SharedCookie(name.clone()));
            }
            if mount.user.0 == other.user.0 {
                return Err(MountError::SharedUser(mount.user.1));
            }
            if mount.fingerprints.iter().any(|key| other.fingerprints.contains(key)) {
                return Err(MountError::SharedFlaskKey);
            }
        }
        self.0.push(Arc::clone(mount));
        Ok(())
    }
}

/// Two login managers cannot be mounted together: a login of one could pass as a login
/// of the other.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MountError {
    /// Both use a cookie with this name.
    SharedCookie(String),
    /// Both have this user type, by which extractors and guards find their manager.
    SharedUser(&'static str),
    /// Both use Flask's format and share a secret key or fallback key. Flask's remember
    /// cookie does not say which manager made it.
    SharedFlaskKey,
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SharedCookie(name) => write!(
                f,
                "two login managers that are mounted together use the same cookie {name:?}: rename the cookies of one with `session_cookie` and `remember_cookie`"
            ),
            Self::SharedUser(user) => write!(
                f,
                "two login managers that are mounted together have the same user type `{user}`: give each its own user type"
            ),
            Self::SharedFlaskKey => f.write_str(
                "two login managers that are mounted together use Flask's cookies with the same secret key: give each its own key",
            ),
        }
    }
}

impl fmt::Debug for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for MountError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::SecretKey;
    use crate::manager::builder::LoginManagerBuilder;

    struct Account;
    struct Staff;

    impl User for Account {
        type Id = String;

        fn id(&self) -> String {
            String::new()
        }

        fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::default()
        }
    }

    impl User for Staff {
        type Id = String;

        fn id(&self) -> String {
            String::new()
        }

        fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
            std::borrow::Cow::default()
        }
    }

    type Builder<U> = LoginManagerBuilder<U>;

    fn manager<U: User>(key: &str, change: impl FnOnce(Builder<U>) -> Builder<U>) -> LoginManager<U> {
        let key = SecretKey::from_text(format!("{key:.<32}")).unwrap();
        change(LoginManager::builder(key, || 0, |_: &mut [u8]| ())).build_without_loader().unwrap()
    }

    fn renamed<U: User>(builder: Builder<U>) -> Builder<U> {
        builder.session_cookie(|cookie| cookie.name("staff")).remember_cookie(|cookie| cookie.name("staff_remembered"))
    }

    fn flask<U: User>(builder: Builder<U>) -> Builder<U> {
        builder.flask_compatible()
    }

    fn both<A: User, B: User>(a: &LoginManager<A>, b: &LoginManager<B>) -> Result<(), MountError> {
        let mut mounts = Mounts::default();
        mounts.add(a)?;
        mounts.add(b)
    }

    #[test]
    fn managers_need_different_cookies_and_in_the_flask_format_different_keys() {
        let customers: LoginManager<Account> = manager("a", |builder| builder);
        assert_eq!(both(&customers, &customers.clone()), Ok(()), "it is the same manager");
        assert_eq!(both(&customers, &manager::<Staff>("a", renamed)), Ok(()));
        let shared = |name: &str| Err(MountError::SharedCookie(name.to_owned()));
        assert_eq!(both(&customers, &manager::<Staff>("b", |builder| builder)), shared("__Host-session"));
        let half = manager::<Staff>("b", |builder| builder.session_cookie(|cookie| cookie.name("staff")));
        assert_eq!(both(&customers, &half), shared("__Host-remember_token"));
        let customers = manager::<Account>("a", flask);
        let staff = |key: &str| manager::<Staff>(key, |builder| renamed(flask(builder)));
        assert_eq!(both(&customers, &staff("b")), Ok(()));
        assert_eq!(both(&customers, &staff("a")), Err(MountError::SharedFlaskKey));
        let old = SecretKey::from_text(format!("{:.<32}", "a")).unwrap();
        let rotated = manager::<Staff>("b", |builder| renamed(flask(builder)).fallback_key(old));
        assert_eq!(both(&customers, &rotated), Err(MountError::SharedFlaskKey));
        assert_eq!(both(&customers, &manager::<Staff>("a", renamed)), Ok(()), "one of each format");
        assert!(Mounts::are_needed());
    }

    #[test]
    fn managers_need_different_user_types() {
        let refused = both(&manager::<Account>("a", |builder| builder), &manager::<Account>("b", renamed));
        assert!(matches!(refused, Err(MountError::SharedUser(name)) if name.ends_with("Account")), "{refused:?}");
    }
}
