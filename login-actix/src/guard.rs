//! The guards: middleware that accepts only some users.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use login_core::adapter::{Denied, Guard, Require, Requirement};
use login_core::{Login, LoginManager, Refusal, Request, User};
use pin_project_lite::pin_project;

use crate::error::LoginRejection;
use crate::login::Refused;
use crate::mounted::Mounted;

/// The middleware of [`LoginManager::login_required`](crate::LoginManager::login_required).
pub struct GuardMiddleware<U: User> {
    guard: Guard<U, HttpResponse>,
}

impl<U: User> GuardMiddleware<U> {
    pub(crate) fn new(manager: LoginManager<U>, requirement: Requirement) -> Self {
        Self { guard: Guard::new(manager, requirement) }
    }

    /// Accepts every OPTIONS request, without a login, as Flask-Login does. The handler runs
    /// for it: use this only if the resource answers OPTIONS itself and reveals nothing.
    ///
    /// It is not needed for CORS. Wrap the CORS middleware around the guard (call `.wrap` for
    /// it after the guard's), where it answers the browser's preflight requests before they
    /// reach the guard.
    #[must_use]
    pub fn allow_unauthenticated_options(self) -> Self {
        Self { guard: self.guard.allow_unauthenticated_options() }
    }

    /// Accepts only users of whom `predicate` is true:
    /// `login.login_required().only(|user: &Account| user.is_admin)`. Other users get 403.
    #[must_use]
    pub fn only(self, predicate: impl Fn(&U) -> bool + Send + Sync + 'static) -> Self {
        Self { guard: self.guard.only(predicate) }
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_>) -> Option<HttpResponse> + Send + Sync + 'static,
    {
        Self { guard: self.guard.with_handler(refusal, handler) }
    }
}

login_core::adapter::handlers!({ impl<U: User> GuardMiddleware<U> } HttpResponse);

impl<U: User> Clone for GuardMiddleware<U> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone() }
    }
}

impl<U: User> std::fmt::Debug for GuardMiddleware<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardMiddleware({:?})", self.guard.requirement())
    }
}

impl<S, B, U> Transform<S, ServiceRequest> for GuardMiddleware<U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = GuardService<S, U>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(GuardService { service: Rc::new(service), guard: Rc::new(self.guard.clone()) }))
    }
}

/// The service of [`GuardMiddleware`].
pub struct GuardService<S, U: User> {
    service: Rc<S>,
    guard: Rc<Guard<U, HttpResponse>>,
}

impl<S, U: User> std::fmt::Debug for GuardService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardService({:?})", self.guard.requirement())
    }
}

impl<S, B, U> Service<ServiceRequest> for GuardService<S, U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = GuardFuture<S, U>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if self.guard.exempts(request.method().as_str()) {
            return GuardFuture { stage: Stage::Accepted { inner: self.service.call(request) } };
        }
        let login = match access(&request, &self.guard) {
            Ok(login) => login,
            Err(missing) => {
                let response = ready(request.into_response(missing.into_response()));
                return GuardFuture { stage: Stage::Refused { response } };
            }
        };
        let waiting = Waiting { service: Rc::clone(&self.service), request, guard: Rc::clone(&self.guard) };
        GuardFuture { stage: Stage::Loading { user: login.require(self.guard.requirement()), waiting: Some(waiting) } }
    }
}

/// The login that the middleware of the guard's own manager has begun.
fn access<U: User>(request: &ServiceRequest, guard: &Guard<U, HttpResponse>) -> Result<Login<U>, LoginRejection<U>> {
    let is_own = request.extensions().get::<Mounted<U>>().map(|mounted| guard.is_for(&mounted.request_login));
    match is_own {
        Some(true) => Mounted::access_user(request.request()).ok_or_else(LoginRejection::missing_middleware),
        Some(false) => Err(LoginRejection::another_middleware()),
        None => Err(LoginRejection::missing_middleware()),
    }
}

/// What continues when the user is resolved.
struct Waiting<S, U: User> {
    service: Rc<S>,
    request: ServiceRequest,
    guard: Rc<Guard<U, HttpResponse>>,
}

pin_project! {
    /// The future of a [`GuardService`].
    pub struct GuardFuture<S, U>
    where
        S: Service<ServiceRequest>,
        U: User,
    {
        #[pin]
        stage: Stage<S, U>,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<S, U>
    where
        S: Service<ServiceRequest>,
        U: User,
    {
        Loading { user: Require<U>, waiting: Option<Waiting<S, U>> },
        Accepted { #[pin] inner: S::Future },
        Refused { #[pin] response: Ready<ServiceResponse> },
    }
}

impl<S: Service<ServiceRequest>, U: User> std::fmt::Debug for GuardFuture<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuardFuture(..)")
    }
}

impl<S, U, B> Future for GuardFuture<S, U>
where
    U: User,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            let next = match stage.as_mut().project() {
                Projected::Refused { response } => {
                    return response.poll(context).map(|response| Ok(response.map_into_right_body()));
                }
                Projected::Accepted { inner } => {
                    return inner.poll(context).map_ok(ServiceResponse::map_into_left_body);
                }
                Projected::Loading { user, waiting } => {
                    let required = task::ready!(Pin::new(user).poll(context));
                    let Some(Waiting { service, request, guard }) = waiting.take() else { return Poll::Pending };
                    match guard.check(required) {
                        Ok(()) => {
                            add_handlers(&request, &guard);
                            Stage::Accepted { inner: service.call(request) }
                        }
                        Err(denied) => {
                            let response = answer(request.request(), &guard, denied);
                            Stage::Refused { response: ready(request.into_response(response)) }
                        }
                    }
                }
            };
            stage.set(next);
        }
    }
}

/// Lets the handlers of a guard answer what is refused inside of it, such as by an extractor.
fn add_handlers<U: User>(request: &ServiceRequest, guard: &Guard<U, HttpResponse>) {
    if !guard.handlers().is_empty()
        && let Some(mounted) = request.extensions_mut().get_mut::<Mounted<U>>()
    {
        mounted.handlers = guard.handlers().inside(&mounted.handlers);
    }
}

/// The response to a request that is not accepted.
fn answer<U: User>(request: &HttpRequest, guard: &Guard<U, HttpResponse>, denied: Denied) -> HttpResponse {
    match (denied, Mounted::<U>::find(request)) {
        (Denied::Refused(refusal), Some(mounted)) => {
            mounted.refuse(Some(guard.handlers()), &mounted.access(request), refusal)
        }
        (denied, _) => LoginRejection::<U>::denied(denied, request).into_response(),
    }
}
