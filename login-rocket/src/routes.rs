//! A guard around routes, for everything that is mounted.

use std::sync::Arc;

use login_core::adapter::{Denied, Requirement};
use login_core::{LoginManager, Refusal, User};
use rocket::http::{Method, Status};
use rocket::response::Response;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Request};

use crate::attached::{Cached, Guard, failed};
use crate::error::LoginRejection;
use crate::login::Refused;
use crate::refused;

/// The guard of [`LoginManager::login_required`](crate::LoginManager::login_required): it is put
/// around routes when they are mounted.
pub struct RouteGuard<U: User> {
    guard: Arc<Guard<U>>,
}

impl<U: User> Clone for RouteGuard<U> {
    fn clone(&self) -> Self {
        Self { guard: Arc::clone(&self.guard) }
    }
}

impl<U: User> std::fmt::Debug for RouteGuard<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RouteGuard({:?})", self.guard.requirement())
    }
}

login_core::adapter::handlers!({ impl<U: User> RouteGuard<U> } Response<'static>);

impl<U: User> RouteGuard<U> {
    pub(crate) fn new(manager: LoginManager<U>, requirement: Requirement) -> Self {
        Self { guard: Arc::new(Guard::new(manager, requirement)) }
    }

    fn changed(self, change: impl FnOnce(Guard<U>) -> Guard<U>) -> Self {
        Self { guard: Arc::new(change(Arc::unwrap_or_clone(self.guard))) }
    }

    /// Accepts only users of whom `predicate` is true:
    /// `login.login_required().only(|user: &Account| user.is_admin)`. Other users get 403.
    #[must_use]
    pub fn only(self, predicate: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        self.changed(|guard| guard.only(predicate))
    }

    /// Accepts every OPTIONS request, without a login, as Flask-Login does. The handler runs
    /// for it: use this only if the routes answer OPTIONS themselves and reveal nothing.
    #[must_use]
    pub fn allow_unauthenticated_options(self) -> Self {
        self.changed(Guard::allow_unauthenticated_options)
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&login_core::Request, Refused<'_>) -> Option<Response<'static>> + Send + Sync + 'static,
    {
        self.changed(|guard| guard.with_handler(refusal, handler))
    }

    /// The same routes with this guard around each:
    /// `rocket.mount("/", login.login_required().routes(routes![settings, mail]))`. A file
    /// server can be guarded too: `routes(FileServer::from("private"))`.
    #[must_use = "mount them"]
    pub fn routes(&self, routes: impl Into<Vec<Route>>) -> Vec<Route> {
        let mut routes = routes.into();
        for route in &mut routes {
            let inner = route.handler.clone();
            route.handler = Box::new(Guarded { guard: Arc::clone(&self.guard), inner });
        }
        routes
    }

    /// Guarded routes for all addresses that no other route answers, so that a visitor without
    /// a login does not find out which addresses exist. A user whom the guard accepts gets a
    /// 404. HEAD requests are answered as GET requests, as Rocket does.
    #[must_use = "mount them"]
    pub fn fallback(&self) -> Vec<Route> {
        use Method::{Delete, Get, Options, Patch, Post, Put};
        let not_found = |method| Route::ranked(isize::MAX, method, "/<path..>", NotFound);
        self.routes([Get, Put, Post, Delete, Options, Patch].map(not_found))
    }
}

/// The handler of a route with a guard around it.
struct Guarded<U: User> {
    guard: Arc<Guard<U>>,
    inner: Box<dyn Handler>,
}

impl<U: User> Clone for Guarded<U> {
    fn clone(&self) -> Self {
        Self { guard: Arc::clone(&self.guard), inner: self.inner.clone() }
    }
}

impl<U: User> Guarded<U> {
    /// Handles an accepted request. The handlers of the guard answer what is refused inside.
    async fn handle_inside<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let Ok((_, cached)) = Cached::<U>::find(request) else { return self.inner.handle(request, data).await };
        cached.set_around(Some(Arc::clone(&self.guard)));
        let outcome = self.inner.handle(request, data).await;
        cached.set_around(None);
        outcome
    }

    /// Whether the guard accepts the request, or why not.
    async fn check(&self, request: &Request<'_>) -> Result<Result<(), Refusal>, LoginRejection> {
        let (_, cached) = Cached::<U>::find(request)?;
        if !self.guard.is_for(&cached.request_login) {
            return Err(LoginRejection::AnotherFairing { user: std::any::type_name::<U>() });
        }
        match self.guard.check(cached.access_user(request).require(self.guard.requirement()).await) {
            Ok(()) => Ok(Ok(())),
            Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
            // The answer depends on the whole request.
            Err(Denied::Failed(error)) => Err(LoginRejection::Load(cached.access(request).answerable(error))),
        }
    }
}

#[rocket::async_trait]
impl<U: User> Handler for Guarded<U> {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        if self.guard.exempts(request.method().as_str()) {
            return self.inner.handle(request, data).await;
        }
        match self.check(request).await {
            Ok(Ok(())) => self.handle_inside(request, data).await,
            Ok(Err(refusal)) => {
                let status = refused::record::<U>(request, Some(Arc::clone(&self.guard)), refusal);
                Outcome::Forward((data, status))
            }
            Err(error) => Outcome::Error(failed(error).0),
        }
    }
}

/// Answers 404.
#[derive(Clone)]
struct NotFound;

#[rocket::async_trait]
impl Handler for NotFound {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        Outcome::Error(Status::NotFound)
    }
}
