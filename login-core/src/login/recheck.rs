//! Asking anew who is logged in, for a connection that lives longer than its request.

use std::sync::Arc;

use login_store::{Record, SessionId};

use crate::clock::is_valid;
use crate::error::{Failed, LoadError, LoginError};
use crate::login::handle::Login;
use crate::login::resolution::{Resolution, Source};
use crate::login::shared::Shared;
use crate::login::steps::Step;
use crate::session::content::Session;
use crate::store::load;
use crate::store::login_record::LoginRecord;
use crate::store::step::{Failure, StoreStep};
use crate::user::User;

/// What the login of the request was, as far as it can be asked for again.
enum Before {
    /// Nothing has asked for the user yet.
    Unresolved,
    NoLogin,
    /// It is not known whether there was one.
    Failed(LoadError),
    /// The request loader found the user.
    FromRequest,
    /// The login is in the cookie.
    InCookie(Session),
    OnServer(SessionId),
}

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
        let setup = &self.0.setup;
        match self.before() {
            Before::Unresolved => self.user().await,
            Before::NoLogin => Ok(None),
            Before::Failed(error) => Err(self.load_failed(error)),
            Before::FromRequest => self.anew(Session::default()).user().await,
            Before::InCookie(session) => match self.still_valid(session) {
                Some(session) => self.anew(session).user().await,
                None => Ok(None),
            },
            Before::OnServer(id) => match setup.run(self.session_steps(id)).await {
                Ok(Some(session)) => self.anew(session).user().await,
                Ok(None) => Ok(None),
                Err(error) => Err(self.load_failed(error)),
            },
        }
    }

    /// The steps of [`recheck`](Self::recheck), for a server that runs them.
    pub fn recheck_steps(&self) -> Step<U> {
        match self.before() {
            Before::Unresolved => self.resolve(),
            Before::NoLogin => Step::Done(Ok(None)),
            Before::Failed(error) => Step::Done(Err(error)),
            Before::FromRequest => self.anew(Session::default()).resolve(),
            Before::InCookie(session) => match self.still_valid(session) {
                Some(session) => self.anew(session).resolve(),
                None => Step::Done(Ok(None)),
            },
            Before::OnServer(id) => {
                let login = self.clone();
                let step = self.session_steps(id).and_then(move |session| {
                    StoreStep::Done(match session {
                        Ok(Some(session)) => login.anew(session).resolve(),
                        Ok(None) => Step::Done(Ok(None)),
                        Err(error) => Step::Done(Err(error)),
                    })
                });
                match step {
                    StoreStep::Ask(call) => Step::AskStore(call),
                    StoreStep::Done(step) => step,
                }
            }
        }
    }

    fn before(&self) -> Before {
        let state = self.0.state();
        match (&state.resolution, state.session.id()) {
            (Resolution::Unresolved, _) => Before::Unresolved,
            (Resolution::User(_, Source::Request), _) => Before::FromRequest,
            (_, Some(id)) if self.0.setup.is_store() => Before::OnServer(id),
            _ if state.session.user_id.is_some() => Before::InCookie(state.session.clone()),
            (Resolution::Failed(error), _) => Before::Failed(error.clone()),
            _ => Before::NoLogin,
        }
    }

    /// The session in the cookie, if time has not ended it.
    fn still_valid(&self, session: Session) -> Option<Session> {
        let (now, ages) = (self.0.setup.clock.now(), self.0.setup.config.ages());
        let is_at = |at: Option<u64>, age: u64| at.is_none_or(|at| is_valid(at, now, age));
        (is_at(session.began_at, ages.login) && is_at(session.written_at, ages.session)).then_some(session)
    }

    fn session_steps(&self, id: SessionId) -> StoreStep<Result<Option<Session>, LoadError>> {
        let (ages, now) = (self.0.setup.config.ages(), self.0.setup.clock.now());
        let read = move |found: Result<Option<Record>, Failure>| {
            let login = load::read(found).map_err(|cause| LoadError::of(Failed::ReadingSession, cause))?;
            Ok(login.filter(|login| login.is_usable(ages, now)).map(|login: LoginRecord| login.session()))
        };
        StoreStep::find(id, move |found| StoreStep::Done(read(found)))
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
