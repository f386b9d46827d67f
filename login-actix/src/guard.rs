//! Middleware that lets only some users through.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use login_core::{Requirement, User};

use crate::middleware::Mounted;
use crate::rejection::LoginRejection;

/// Lets only some users through; see
/// [`LoginManager::login_required`](crate::LoginManager::login_required).
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
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
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

/// A service that only the right users reach.
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
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, requirement) = (Rc::clone(&self.service), self.requirement);
        Box::pin(async move {
            if !Requirement::exempts(request.method().as_str()) {
                let required = match Mounted::<U>::look_for_user(request.request()) {
                    Some(login) => {
                        login.require(requirement).await.map_err(|why| LoginRejection::<U>::of(why, request.request()))
                    }
                    None => Err(LoginRejection::missing_middleware()),
                };
                if let Err(rejection) = required {
                    let response = rejection.into_response();
                    return Ok(request.into_response(response).map_into_right_body());
                }
            }
            Ok(service.call(request).await?.map_into_left_body())
        })
    }
}
