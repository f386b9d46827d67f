//! The guards: layers that accept only some users.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Extensions, Request, Response};
use axum::response::IntoResponse;
use login_core::adapter::{Denied, Guard, Require, Requirement};
use login_core::{LoginManager, Refusal, User};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::LoginRejection;
use crate::login::Refused;
use crate::mounted::Mounted;

/// The layer of [`LoginManager::login_required`](crate::LoginManager::login_required).
pub struct GuardLayer<U: User> {
    guard: Guard<U, Response<Body>>,
}

impl<U: User> GuardLayer<U> {
    pub(crate) fn new(manager: LoginManager<U>, requirement: Requirement) -> Self {
        Self { guard: Guard::new(manager, requirement) }
    }

    /// Accepts every OPTIONS request, without a login, as Flask-Login does. The handler runs
    /// for it: use this only if the route answers OPTIONS itself and reveals nothing.
    ///
    /// It is not needed for CORS. Add the CORS layer outside of the guard, where it answers
    /// the browser's preflight requests before they reach the guard.
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
        F: Fn(&login_core::Request, Refused<'_>) -> Option<Response<Body>> + Send + Sync + 'static,
    {
        Self { guard: self.guard.with_handler(refusal, handler) }
    }
}

login_core::adapter::handlers!({ impl<U: User> GuardLayer<U> } Response<Body>);

impl<U: User> Clone for GuardLayer<U> {
    fn clone(&self) -> Self {
        Self { guard: self.guard.clone() }
    }
}

impl<U: User> std::fmt::Debug for GuardLayer<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardLayer({:?})", self.guard.requirement())
    }
}

impl<S, U: User> Layer<S> for GuardLayer<U> {
    type Service = GuardService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService { inner, guard: Arc::new(self.guard.clone()) }
    }
}

/// The service of [`GuardLayer`].
pub struct GuardService<S, U: User> {
    inner: S,
    guard: Arc<Guard<U, Response<Body>>>,
}

impl<S: Clone, U: User> Clone for GuardService<S, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), guard: Arc::clone(&self.guard) }
    }
}

impl<S, U: User> std::fmt::Debug for GuardService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardService({:?})", self.guard.requirement())
    }
}

impl<S, U, RequestBody, ResponseBody> Service<Request<RequestBody>> for GuardService<S, U>
where
    U: User,
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone,
    ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    ResponseBody::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = GuardFuture<S, U, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        if self.guard.exempts(request.method().as_str()) {
            return GuardFuture { stage: Stage::Accepted { inner: self.inner.call(request) } };
        }
        let login = match mounted(request.extensions(), &self.guard) {
            Ok(mounted) => mounted.access_user(&request),
            Err(missing) => return GuardFuture { stage: Stage::Refused { response: Some(missing.into_response()) } },
        };
        // Only the original was polled until it was ready, so the clone takes its place.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        let user = login.require(self.guard.requirement());
        let waiting = Waiting { inner: ready, request, guard: Arc::clone(&self.guard) };
        GuardFuture { stage: Stage::Loading { user, waiting: Some(waiting) } }
    }
}

/// What the layer of the guard's own manager added.
fn mounted<'r, U: User>(
    extensions: &'r Extensions,
    guard: &Guard<U, Response<Body>>,
) -> Result<&'r Mounted<U>, LoginRejection> {
    let mounted = Mounted::find(extensions).ok_or_else(LoginRejection::missing_layer::<U>)?;
    if guard.is_for(&mounted.request_login) { Ok(mounted) } else { Err(LoginRejection::another_layer::<U>()) }
}

/// What continues when the user is resolved.
struct Waiting<S, B, U: User> {
    inner: S,
    request: Request<B>,
    guard: Arc<Guard<U, Response<Body>>>,
}

pin_project! {
    /// The future of a [`GuardService`].
    pub struct GuardFuture<S, U, B>
    where
        S: Service<Request<B>>,
        U: User,
    {
        #[pin]
        stage: Stage<S, U, B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<S, U, B>
    where
        S: Service<Request<B>>,
        U: User,
    {
        Loading { user: Require<U>, waiting: Option<Waiting<S, B, U>> },
        Accepted { #[pin] inner: S::Future },
        Refused { response: Option<Response<Body>> },
    }
}

impl<S: Service<Request<B>>, U: User, B> std::fmt::Debug for GuardFuture<S, U, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuardFuture(..)")
    }
}

impl<S, U, B, ResponseBody> Future for GuardFuture<S, U, B>
where
    U: User,
    S: Service<Request<B>, Response = Response<ResponseBody>>,
    ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    ResponseBody::Error: Into<axum::BoxError>,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        loop {
            let next = match stage.as_mut().project() {
                Projected::Refused { response } => return Poll::Ready(Ok(response.take().unwrap_or_default())),
                Projected::Accepted { inner } => return inner.poll(context).map_ok(|response| response.map(Body::new)),
                Projected::Loading { user, waiting } => {
                    let required = ready!(Pin::new(user).poll(context));
                    let Some(mut waiting) = waiting.take() else { return Poll::Pending };
                    match waiting.guard.check(required) {
                        Ok(()) => {
                            add_handlers(&mut waiting.request, &waiting.guard);
                            Stage::Accepted { inner: waiting.inner.call(waiting.request) }
                        }
                        Err(denied) => {
                            let response = answer(&waiting.request, &waiting.guard, denied);
                            Stage::Refused { response: Some(response) }
                        }
                    }
                }
            };
            stage.set(next);
        }
    }
}

/// Lets the handlers of a guard answer what is refused inside of it, such as by an extractor.
fn add_handlers<U: User, B>(request: &mut Request<B>, guard: &Guard<U, Response<Body>>) {
    if !guard.handlers().is_empty()
        && let Some(mounted) = request.extensions_mut().get_mut::<Mounted<U>>()
    {
        mounted.handlers = guard.handlers().inside(&mounted.handlers);
    }
}

/// The response to a request that is not accepted.
fn answer<U: User, B>(request: &Request<B>, guard: &Guard<U, Response<Body>>, denied: Denied) -> Response<Body> {
    match (denied, Mounted::<U>::find(request.extensions())) {
        (Denied::Refused(refusal), Some(mounted)) => {
            mounted.refuse(Some(guard.handlers()), &mounted.access(request), refusal)
        }
        (failed @ Denied::Failed(_), Some(mounted)) => LoginRejection::denied(failed, mounted, request).into_response(),
        (_, None) => LoginRejection::missing_layer::<U>().into_response(),
    }
}
