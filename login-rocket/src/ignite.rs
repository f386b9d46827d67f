//! A user loader that is made when the rocket is ignited.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

use login_core::{User, UserLoader};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Build, Rocket};

/// A user loader that is made when the rocket is ignited, of what other fairings manage: the
/// pool of `rocket_db_pools`, for example.
///
/// It is a loader and a fairing. Attach it after the fairing that it needs:
///
/// ```
/// # use login_rocket::{LoaderAtIgnite, LoginManager, User, UserLoader, development_key};
/// # use rocket::fairing::AdHoc;
/// # struct Account;
/// # impl User for Account {
/// #     type Id = String;
/// #     fn id(&self) -> String { String::new() }
/// #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
/// # }
/// # #[derive(Clone)]
/// # struct Pool;
/// # struct Accounts(Pool);
/// # impl UserLoader for Accounts {
/// #     type User = Account;
/// #     type Error = std::convert::Infallible;
/// #     async fn load_user(&self, _: String) -> Result<Option<Account>, Self::Error> { Ok(None) }
/// # }
/// # fn main() -> Result<(), login_rocket::ConfigError> {
/// let accounts = LoaderAtIgnite::new(|rocket| rocket.state::<Pool>().cloned().map(Accounts));
/// let login = LoginManager::builder(development_key()).build(accounts.clone())?;
/// rocket::build()
///     .attach(AdHoc::on_ignite("database", |rocket| async { rocket.manage(Pool) }))
///     .attach(accounts)
///     .attach(login.fairing());
/// # Ok(()) }
/// ```
///
/// With `rocket_db_pools` the first line is
/// `LoaderAtIgnite::new(|rocket| Db::fetch(rocket).map(|db| Accounts(db.0.clone())))`.
pub struct LoaderAtIgnite<L> {
    make: Arc<Make<L>>,
    loader: Arc<OnceLock<L>>,
}

type Make<L> = dyn Fn(&Rocket<Build>) -> Option<L> + Send + Sync;

impl<L> LoaderAtIgnite<L> {
    /// `make` returns `None` if what it needs is missing. Then the launch is aborted.
    pub fn new(make: impl Fn(&Rocket<Build>) -> Option<L> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), loader: Arc::default() }
    }
}

impl<L> Clone for LoaderAtIgnite<L> {
    fn clone(&self) -> Self {
        Self { make: Arc::clone(&self.make), loader: Arc::clone(&self.loader) }
    }
}

impl<L> fmt::Debug for LoaderAtIgnite<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoaderAtIgnite(..)")
    }
}

impl<L: UserLoader> UserLoader for LoaderAtIgnite<L> {
    type User = L::User;
    type Error = Box<dyn Error + Send + Sync>;

    async fn load_user(&self, id: <L::User as User>::Id) -> Result<Option<L::User>, Self::Error> {
        match self.loader.get() {
            Some(loader) => loader.load_user(id).await.map_err(Into::into),
            None => Err("the user loader was not made: attach the `LoaderAtIgnite` to the rocket".into()),
        }
    }
}

#[rocket::async_trait]
impl<L: UserLoader> Fairing for LoaderAtIgnite<L> {
    fn info(&self) -> Info {
        Info { name: "user loader", kind: Kind::Ignite }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        match (self.make)(&rocket) {
            Some(loader) => {
                // Ignited twice, it keeps the first.
                let _ = self.loader.set(loader);
                Ok(rocket)
            }
            None => {
                rocket::error!(
                    "the user loader cannot be made, because what it needs is not managed: attach the fairing of the database before it"
                );
                Err(rocket)
            }
        }
    }
}
