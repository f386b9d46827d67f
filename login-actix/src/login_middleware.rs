//! The middleware that begins the login of each request and adds it to the response.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use login_core::adapter::{AdapterManager, Answer, Finish, MountError, Mounts, RequestLogin, log_error_once};
use login_core::{LoginManager, Refusal, Request, User};
use pin_project_lite::pin_project;

use crate::form::ReadForm;
use crate::login::Refused;
use crate::mounted::{Head, Mounted};
use crate::response::{self, ErrorResponse};

/// The middleware of [`LoginManager::middleware`](crate::LoginManager::middleware).
pub struct LoginMiddleware<U: User> {
    manager: AdapterManager<U, HttpResponse>,
}

impl<U: User> LoginMiddleware<U> {
    pub(crate) fn new(manager: AdapterManager<U, HttpResponse>) -> Self {
        Self { manager }
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_>) -> Option<HttpResponse> + Send + Sync + 'static,
    {
        Self { manager: self.manager.with_handler(refusal, handler) }
    }
}

login_core::adapter::handlers!({ impl<U: User> LoginMiddleware<U> } HttpResponse, cross_site);

impl<U: User> std::fmt::Debug for LoginMiddleware<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginMiddleware(..)")
    }
}

impl<S, B, U> Transform<S, ServiceRequest> for LoginMiddleware<U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = LoginService<S, U>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(LoginService { service: Rc::new(service), manager: self.manager.clone() }))
    }
}

/// The service of [`LoginMiddleware`].
pub struct LoginService<S, U: User> {
    service: Rc<S>,
    manager: AdapterManager<U, HttpResponse>,
}

impl<S, U: User> std::fmt::Debug for LoginService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginService(..)")
    }
}

impl<S, U: User> LoginService<S, U> {
    /// Adds the handlers to a middleware of the same manager further out, if there is one.
    fn add_handlers(&self, request: &ServiceRequest) -> bool {
        let mut extensions = request.extensions_mut();
        match extensions.get_mut::<Mounted<U>>() {
            Some(outer) if self.manager.core.owns(&outer.request_login) => {
                outer.handlers = self.manager.handlers.inside(&outer.handlers);
                true
            }
            Some(_) | None => false,
        }
    }
}

impl<S, B, U> Service<ServiceRequest> for LoginService<S, U>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    U: User,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LoginFuture<S, U>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let core = &self.manager.core;
        if Mounts::are_needed()
            && let Err(error) = mount(&request, core)
        {
            log_error_once(&error.to_string());
            let response = response::from_answer(Answer::text(500, error.to_string()));
            return LoginFuture::Answered { response: ready(request.into_response(response)) };
        }
        // If there is a middleware of the same manager further out, this one only adds its
        // handlers. Two would overwrite each other's cookies.
        if self.add_handlers(&request) {
            return LoginFuture::Inner { inner: self.service.call(request) };
        }
        let uri = request.uri().clone();
        let head = Head { request: request.request(), uri: &uri };
        if let Some(response) = self.manager.refuse_cross_site(&head, response::from_answer) {
            return LoginFuture::Answered { response: ready(request.into_response(response)) };
        }
        let request_login = core.begin();
        if core.needs_request() {
            request_login.store_client(&head);
        }
        let reads_form = core.reads_form(&head);
        let handlers = self.manager.handlers.clone();
        request.extensions_mut().insert(Mounted { request_login: request_login.clone(), handlers, uri });
        if reads_form {
            let (form, service) = (ReadForm::begin(request), Rc::clone(&self.service));
            return LoginFuture::Reading { form, service, request_login };
        }
        // No clone of the request is kept, because routing needs the only one.
        LoginFuture::Login { inner: self.service.call(request), request_login }
    }
}

pin_project! {
    /// The future of a [`LoginService`].
    #[project = Projected]
    #[expect(missing_docs, reason = "the variants are an implementation detail")]
    pub enum LoginFuture<S, U>
    where
        S: Service<ServiceRequest>,
        U: User,
    {
        Answered { #[pin] response: Ready<ServiceResponse> },
        Inner { #[pin] inner: S::Future },
        Reading { form: ReadForm, service: Rc<S>, request_login: RequestLogin<U> },
        Login { #[pin] inner: S::Future, request_login: RequestLogin<U> },
        Finishing { finish: Finish, outcome: Option<Result<S::Response, ErrorResponse>> },
    }
}

impl<S: Service<ServiceRequest>, U: User> std::fmt::Debug for LoginFuture<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginFuture(..)")
    }
}

impl<S, U, B> Future for LoginFuture<S, U>
where
    U: User,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Projected::Answered { response } => {
                    return response.poll(context).map(|response| Ok(response.map_into_right_body()));
                }
                Projected::Inner { inner } => {
                    return inner.poll(context).map_ok(ServiceResponse::map_into_left_body);
                }
                Projected::Login { inner, request_login } => {
                    // Making the response of an error may flash a message.
                    let outcome = task::ready!(inner.poll(context)).map_err(ErrorResponse::new);
                    let status = match &outcome {
                        Ok(response) => response.status().as_u16(),
                        Err(error) => error.status(),
                    };
                    Self::Finishing { finish: request_login.finish_with_store(status), outcome: Some(outcome) }
                }
                Projected::Finishing { finish, outcome } => {
                    let parts = task::ready!(Pin::new(finish).poll(context));
                    return match outcome.take() {
                        Some(Ok(response)) => Poll::Ready(Ok(response::with_parts(response, &parts))),
                        Some(Err(error)) => Poll::Ready(Err(error.with_parts(parts))),
                        None => Poll::Pending,
                    };
                }
                Projected::Reading { form, service, request_login } => {
                    let (request, form) = task::ready!(form.poll(context));
                    if let Some(form) = form {
                        request_login.store_form(form);
                    }
                    Self::Login { inner: service.call(request), request_login: request_login.clone() }
                }
            };
            self.set(next);
        }
    }
}

fn mount<U: User>(request: &ServiceRequest, manager: &LoginManager<U>) -> Result<(), MountError> {
    let mut extensions = request.extensions_mut();
    let mut mounts = extensions.remove::<Mounts>().unwrap_or_default();
    let mounted = mounts.add(manager);
    extensions.insert(mounts);
    mounted
}
