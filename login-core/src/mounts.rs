//! Managers that are mounted together, which must be told apart by their cookies.

use std::any::{TypeId, type_name};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::config::Config;
use crate::error::MountError;
use crate::event;
use crate::manager::LoginManager;
use crate::user::User;
use crate::wire::Wire;

/// How many managers this program has built.
static BUILT: AtomicUsize = AtomicUsize::new(0);

/// Those that are still there.
static PRESENT: Mutex<Vec<Weak<Mount>>> = Mutex::new(Vec::new());

/// The managers that are mounted around one request, or attached to one server, for an
/// adapter: a cookie of one must never be good for another.
#[derive(Clone, Default)]
pub struct Mounts(Vec<Arc<Mount>>);

/// What of a manager must be its own; clones of the manager share it.
pub(crate) struct Mount {
    user: (TypeId, &'static str),
    cookies: [String; 2],
    /// Of the keys of Flask's format, where cookies are not tied to their names.
    fingerprints: Vec<[u8; 16]>,
}

impl Mount {
    pub(crate) fn new<U: User>(config: &Config, wire: &Wire) -> Arc<Self> {
        BUILT.fetch_add(1, Ordering::Relaxed);
        let cookies = [&config.session_cookie, &config.remember_cookie].map(|cookie| cookie.name.to_string());
        let user = (TypeId::of::<U>(), type_name::<U>());
        let mount = Arc::new(Self { user, cookies, fingerprints: wire.fingerprints() });
        mount.warn_of_others();
        mount
    }

    /// Mounted side by side no request meets both, and nothing could be refused then; and
    /// they may well be on hosts of their own.
    fn warn_of_others(self: &Arc<Self>) {
        let mut present = PRESENT.lock().unwrap_or_else(PoisonError::into_inner);
        present.retain(|other| other.strong_count() > 0);
        let others: Vec<Arc<Self>> = present.iter().filter_map(Weak::upgrade).collect();
        present.push(Arc::downgrade(self));
        drop(present);
        for other in others.iter().filter(|other| other.user.0 != self.user.0) {
            if let Some(name) = self.shared_cookie(other) {
                event::warn(format_args!(
                    "the login managers of `{}` and `{}` both use the cookie {name:?}: on one host a login of one can be good for the other; give one of them other names",
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
    /// Whether there is more than one manager, so that [`add`](Self::add) can find anything.
    #[must_use]
    pub fn are_needed() -> bool {
        BUILT.load(Ordering::Relaxed) > 1
    }

    /// Takes a manager in among those that are mounted. The same one can be mounted twice.
    ///
    /// # Errors
    /// [`MountError`]: another manager has a cookie of the same name, the same user type,
    /// or, in the flask format, the same secret key.
    pub fn add<U: User>(&mut self, manager: &LoginManager<U>) -> Result<(), MountError> {
        let mount = &manager.0.mount;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LoginManagerBuilder, SecretKey};

    struct Account;
    struct Staff;

    impl User for Account {
        fn id(&self) -> String {
            String::new()
        }
    }

    impl User for Staff {
        fn id(&self) -> String {
            String::new()
        }
    }

    type Builder<U> = LoginManagerBuilder<U>;

    fn manager<U: User>(key: &str, change: impl FnOnce(Builder<U>) -> Builder<U>) -> LoginManager<U> {
        let key = SecretKey::from_text(format!("{key:.<32}")).unwrap();
        change(LoginManager::builder(key, || 0, |_: &mut [u8]| ())).build_for_steps().unwrap()
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
    fn managers_are_told_apart_by_cookies_and_in_flasks_format_by_keys() {
        let customers: LoginManager<Account> = manager("a", |builder| builder);
        assert_eq!(both(&customers, &customers.clone()), Ok(()), "it is the same one");
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
    fn managers_of_one_user_type_are_not_told_apart() {
        let refused = both(&manager::<Account>("a", |builder| builder), &manager::<Account>("b", renamed));
        assert!(matches!(refused, Err(MountError::SharedUser(name)) if name.ends_with("Account")), "{refused:?}");
    }
}
