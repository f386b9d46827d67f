//! Managers that are mounted together, which must be told apart by their cookies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::config::Config;
use crate::error::MountError;
use crate::manager::LoginManager;
use crate::user::User;
use crate::wire::Wire;

/// How many managers this program has built.
static BUILT: AtomicUsize = AtomicUsize::new(0);

/// The managers that are mounted around one request, or attached to one server, for an
/// adapter: a cookie of one must never be good for another.
#[derive(Clone, Default)]
pub struct Mounts(Vec<Arc<Mount>>);

/// What of a manager must be its own; clones of the manager share it.
pub(crate) struct Mount {
    cookies: [String; 2],
    /// Of the keys of Flask's format, where cookies are not tied to their names.
    fingerprints: Vec<[u8; 16]>,
}

impl Mount {
    pub(crate) fn new(config: &Config, wire: &Wire) -> Self {
        BUILT.fetch_add(1, Ordering::Relaxed);
        let cookies = [&config.session_cookie, &config.remember_cookie].map(|cookie| cookie.name.to_string());
        Self { cookies, fingerprints: wire.fingerprints() }
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
    /// [`MountError`]: another manager has a cookie of the same name, or, in the flask
    /// format, the same secret key.
    pub fn add<U: User>(&mut self, manager: &LoginManager<U>) -> Result<(), MountError> {
        let mount = &manager.0.mount;
        for other in self.0.iter().filter(|other| !Arc::ptr_eq(other, mount)) {
            if let Some(name) = mount.cookies.iter().find(|name| other.cookies.contains(name)) {
                return Err(MountError::SharedCookie(name.clone()));
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

    impl User for Account {
        fn id(&self) -> String {
            String::new()
        }
    }

    type Builder = LoginManagerBuilder<Account>;

    fn manager(key: &str, change: impl FnOnce(Builder) -> Builder) -> LoginManager<Account> {
        let key = SecretKey::from_text(format!("{key:.<32}")).unwrap();
        change(LoginManager::builder(key, || 0, |_: &mut [u8]| ())).build_for_steps().unwrap()
    }

    fn renamed(builder: Builder) -> Builder {
        builder.session_cookie(|cookie| cookie.name("staff")).remember_cookie(|cookie| cookie.name("staff_remembered"))
    }

    #[test]
    fn managers_are_told_apart_by_cookies_and_in_flasks_format_by_keys() {
        let both = |a: &LoginManager<Account>, b: &LoginManager<Account>| {
            let mut mounts = Mounts::default();
            mounts.add(a)?;
            mounts.add(b)
        };
        let flask = |builder: Builder| builder.flask_compatible();
        let customers = manager("a", |builder| builder);
        assert_eq!(both(&customers, &customers.clone()), Ok(()), "it is the same one");
        assert_eq!(both(&customers, &manager("a", renamed)), Ok(()));
        let shared = |name: &str| Err(MountError::SharedCookie(name.to_owned()));
        assert_eq!(both(&customers, &manager("b", |builder| builder)), shared("__Host-session"));
        let half = manager("b", |builder| builder.session_cookie(|cookie| cookie.name("staff")));
        assert_eq!(both(&customers, &half), shared("__Host-remember_token"));
        let customers = manager("a", flask);
        assert_eq!(both(&customers, &manager("b", |builder| renamed(flask(builder)))), Ok(()));
        assert_eq!(both(&customers, &manager("a", |builder| renamed(flask(builder)))), Err(MountError::SharedFlaskKey));
        let old = SecretKey::from_text(format!("{:.<32}", "a")).unwrap();
        let rotated = manager("b", |builder| renamed(flask(builder)).fallback_key(old));
        assert_eq!(both(&customers, &rotated), Err(MountError::SharedFlaskKey));
        assert_eq!(both(&customers, &manager("a", renamed)), Ok(()), "one of each format");
        assert!(Mounts::are_needed());
    }
}
