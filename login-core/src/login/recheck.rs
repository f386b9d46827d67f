//! Asking anew who is logged in, for a connection that lives longer than its request.

use std::sync::Arc;

use login_store::SessionId;

use crate::clock::is_valid;
use crate::error::{Failed, LoadError, LoginError};
use crate::login::handle::Login;
use crate::login::resolution::{Resolution, Source};
use crate::login::shared::Shared;
use crate::login::steps::Step;
use crate::session::content::Session;
use crate::store::load;
use crate::store::step::StoreStep;
use crate::user::User;

impl<U: User> Login<U> {
    /// Asks loader and session store anew who is logged in, for a WebSocket or a stream that wants
    /// to know whether its user may still be there. `None` if the login has ended since: by a
    /// logout in another request, by whoever may end it, by time, or because the user was
    /// deactivated or has a new auth hash.
    ///
    /// It writes nothing and changes nothing in this request, and it works after the response has
    /// begun. A connection that is open is no use of the session: its idle timeout goes on. Without
    /// a session store a logout in another request is not noticed.
    ///
    /// # Errors
    /// [`LoginError::Load`] if loader or store failed.
    pub async fn recheck(&self) -> Result<Option<Arc<U>>, LoginError> {
        match self.0.setup.run(self.again()).await {
            Ok(Some(login)) => login.user().await,
            Ok(None) => Ok(None),
            Err(error) => Err(self.load_failed(error)),
        }
    }

    /// The steps of [`recheck`](Self::recheck), for a server that runs them.
    pub fn recheck_steps(&self) -> Step<U> {
        let resolved = |login: Result<Option<Self>, LoadError>| {
            StoreStep::Done(match login {
                Ok(Some(login)) => login.resolve(),
                Ok(None) => Step::Done(Ok(None)),
                Err(error) => Step::Done(Err(error)),
            })
        };
        self.again().and_then(resolved).into()
    }

    /// The login to resolve, or `None` if it has ended.
    fn again(&self) -> StoreStep<Result<Option<Self>, LoadError>> {
        let state = self.0.state();
        // A login that was made in this request is not in the store before its end.
        let is_unsaved = !state.response_begun && state.keeping.as_deref().is_some_and(|keeping| keeping.new.is_some());
        let session = match (&state.resolution, state.session.id()) {
            (Resolution::Unresolved, _) => return StoreStep::Done(Ok(Some(self.clone()))),
            (Resolution::User(_, Source::Request), _) => Some(Session::default()),
            (_, Some(id)) if self.0.setup.is_store() && !is_unsaved => {
                drop(state);
                return self.again_from_store(id);
            }
            _ if state.session.user_id.is_some() => self.still_valid(state.session.clone()),
            // It is not known whether there was a login.
            (Resolution::Failed(error), _) => return StoreStep::Done(Err(error.clone())),
            _ => None,
        };
        drop(state);
        StoreStep::Done(Ok(session.map(|session| self.anew(session))))
    }

    fn again_from_store(&self, id: SessionId) -> StoreStep<Result<Option<Self>, LoadError>> {
        let (ages, now) = (self.0.setup.config.ages(), self.0.setup.clock.now());
        let login = self.clone();
        StoreStep::find(id, move |found| {
            let found = load::read(found).map_err(|cause| LoadError::of(Failed::ReadingSession, cause));
            let usable = found.map(|found| found.filter(|found| found.is_usable(ages, now)));
            StoreStep::Done(usable.map(|usable| usable.map(|usable| login.anew(usable.session()))))
        })
    }

    /// The session in the cookie, if time has not ended it.
    fn still_valid(&self, session: Session) -> Option<Session> {
        let (now, ages) = (self.0.setup.clock.now(), self.0.setup.config.ages());
        let is_at = |at: Option<u64>, age: u64| at.is_none_or(|at| is_valid(at, now, age));
        (is_at(session.began_at, ages.login) && is_at(session.written_at, ages.session)).then_some(session)
    }

    /// A login of its own with this session, of the same request and at the present time.
    fn anew(&self, session: Session) -> Self {
        let shared = Shared::new(Arc::clone(&self.0.setup));
        let request = self.0.request().clone();
        shared.store_request(|| request);
        {
            let mut state = shared.state();
            state.session = session;
            // It is no access by a request.
            state.access_notified = true;
        }
        shared.set_accessed();
        Self(Arc::new(shared))
    }
}
