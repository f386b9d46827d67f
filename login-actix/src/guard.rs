//! The guards: middleware that accepts only some users.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Context, Poll};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use login_core::User;
use login_core::adapter::{Require, Requirement};
use pin_project_lite::pin_project;

use crate::error::LoginRejection;
use crate::mounted::Mounted;

/// The middleware of [`LoginManager::login_required`](crate::LoginManager::login_required).
pub struct GuardMiddleware<U> {
    requirement: Requirement,
    user: PhantomData<fn() -> U>,
}

impl<U> GuardMiddleware<U> {
    pub(crate) fn new(requirement: Requirement) -> Self {
        Self { requirement, user: PhantomData }
    }
}

impl<U> Clone for GuardMiddleware<U> {
    fn clone(&self) -> Self {
        Self::new(self.requirement)
    }
}

impl<U> std::fmt::Debug for GuardMiddleware<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardMiddleware({:?})", self.requirement)
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
        let (service, requirement) = (Rc::new(service), self.requirement);
        ready(Ok(GuardService { service, requirement, user: PhantomData }))
    }
}

/// The service of [`GuardMiddleware`].
pub struct GuardService<S, U> {
    service: Rc<S>,
    requirement: Requirement,
    user: PhantomData<fn() -> U>,
}

impl<S, U> std::fmt::Debug for GuardService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GuardService({:?})", self.requirement)
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
        if Requirement::exempts(request.method().as_str()) {
            return GuardFuture { stage: Stage::Accepted { inner: self.service.call(request) } };
        }
        let Some(login) = Mounted::<U>::access_user(request.request()) else {
            let response = LoginRejection::<U>::missing_middleware().into_response();
            return GuardFuture { stage: Stage::Refused { response: ready(request.into_response(response)) } };
        };
        let waiting = Some(Waiting { service: Rc::clone(&self.service), request });
        GuardFuture { stage: Stage::Loading { user: login.require(self.requirement), waiting } }
    }
}

/// What continues when the user is resolved.
struct Waiting<S> {
    service: Rc<S>,
    request: ServiceRequest,
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
        Loading { user: Require<U>, waiting: Option<Waiting<S>> },
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
                    let Some(Waiting { service, request }) = waiting.take() else { return Poll::Pending };
                    match required {
                        Ok(_) => Stage::Accepted { inner: service.call(request) },
                        Err(denied) => {
                            let response = LoginRejection::<U>::denied(denied, request.request()).into_response();
                            Stage::Refused { response: ready(request.into_response(response)) }
                        }
                    }
                }
            };
            stage.set(next);
        }
    }
}
