//! The layer that begins the login of each request and adds it to the response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use login_core::adapter::{AdapterManager, Answer, Finish, Mounts, RequestLogin, log_error_once};
use login_core::{Refusal, User};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::form::ReadForm;
use crate::head::Head;
use crate::login::Refused;
use crate::mounted::Mounted;
use crate::response;

/// The layer of [`LoginManager::layer`](crate::LoginManager::layer).
pub struct LoginLayer<U: User> {
    manager: AdapterManager<U, Response<Body>>,
}

impl<U: User> LoginLayer<U> {
    pub(crate) fn new(manager: AdapterManager<U, Response<Body>>) -> Self {
        Self { manager }
    }

    fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&login_core::Request, Refused<'_>) -> Option<Response<Body>> + Send + Sync + 'static,
    {
        Self { manager: self.manager.with_handler(refusal, handler) }
    }
}

login_core::adapter::handlers!({ impl<U: User> LoginLayer<U> } Response<Body>, cross_site);

impl<U: User> Clone for LoginLayer<U> {
    fn clone(&self) -> Self {
        Self { manager: self.manager.clone() }
    }
}

impl<U: User> std::fmt::Debug for LoginLayer<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginLayer(..)")
    }
}

impl<S, U: User> Layer<S> for LoginLayer<U> {
    type Service = LoginService<S, U>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginService { inner, manager: self.manager.clone() }
    }
}

/// The service of [`LoginLayer`]. Every tower server can use it.
pub struct LoginService<S, U: User> {
    inner: S,
    manager: AdapterManager<U, Response<Body>>,
}

impl<S: Clone, U: User> Clone for LoginService<S, U> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), manager: self.manager.clone() }
    }
}

impl<S, U: User> std::fmt::Debug for LoginService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginService(..)")
    }
}

impl<S, U, RequestBody, ResponseBody> Service<Request<RequestBody>> for LoginService<S, U>
where
    U: User,
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone,
    RequestBody: 'static,
    ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    ResponseBody::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = LoginFuture<S, U, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let core = &self.manager.core;
        if Mounts::are_needed()
            && let Err(error) = request.extensions_mut().get_or_insert_default::<Mounts>().add(core)
        {
            log_error_once(&error.to_string());
            let response = response::from_answer(Answer::text(500, error.to_string()));
            return LoginFuture::Answered { response: Some(response) };
        }
        // If there is a layer of the same manager further out, this one only adds its handlers.
        // Two would overwrite each other's cookies.
        if let Some(outer) = request.extensions_mut().get_mut::<Mounted<U>>()
            && core.owns(&outer.request_login)
        {
            outer.handlers = self.manager.handlers.inside(&outer.handlers);
            return LoginFuture::Inner { inner: self.inner.call(request) };
        }
        if let Some(response) = self.manager.refuse_cross_site(&Head::from(&request), response::from_answer) {
            return LoginFuture::Answered { response: Some(response) };
        }
        let request_login = core.begin();
        if core.needs_request() {
            request_login.store_client(&Head::from(&request));
        }
        request
            .extensions_mut()
            .insert(Mounted { request_login: request_login.clone(), handlers: self.manager.handlers.clone() });
        if core.reads_form(&Head::from(&request)) {
            // Only the original was polled until it was ready, so the clone takes its place.
            let clone = self.inner.clone();
            let inner = std::mem::replace(&mut self.inner, clone);
            return LoginFuture::Reading { form: ReadForm::new(request), inner, request_login };
        }
        LoginFuture::Login { inner: self.inner.call(request), request_login }
    }
}

pin_project! {
    /// The future of a [`LoginService`].
    #[project = Projected]
    #[expect(missing_docs, reason = "the variants are an implementation detail")]
    pub enum LoginFuture<S, U, B>
    where
        S: Service<Request<B>>,
        U: User,
    {
        Answered { response: Option<Response<Body>> },
        Inner { #[pin] inner: S::Future },
        Reading { form: ReadForm<B>, inner: S, request_login: RequestLogin<U> },
        Login { #[pin] inner: S::Future, request_login: RequestLogin<U> },
        Finishing { finish: Finish, response: Response<Body> },
    }
}

impl<S: Service<Request<B>>, U: User, B> std::fmt::Debug for LoginFuture<S, U, B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginFuture(..)")
    }
}

impl<S, U, B, ResponseBody> Future for LoginFuture<S, U, B>
where
    U: User,
    S: Service<Request<B>, Response = Response<ResponseBody>>,
    B: 'static,
    ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    ResponseBody::Error: Into<axum::BoxError>,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Projected::Answered { response } => return Poll::Ready(Ok(response.take().unwrap_or_default())),
                Projected::Inner { inner } => return inner.poll(context).map_ok(|response| response.map(Body::new)),
                Projected::Login { inner, request_login } => {
                    let response = ready!(inner.poll(context))?.map(Body::new);
                    let finish = request_login.finish_with_store(response.status().as_u16());
                    Self::Finishing { finish, response }
                }
                Projected::Finishing { finish, response } => {
                    let parts = ready!(Pin::new(finish).poll(context));
                    return Poll::Ready(Ok(response::with_parts(std::mem::take(response), &parts)));
                }
                Projected::Reading { form, inner, request_login } => {
                    let (request, form) = ready!(form.poll(context));
                    if let Some(form) = form {
                        request_login.store_form(form);
                    }
                    Self::Login { inner: inner.call(request), request_login: request_login.clone() }
                }
            };
            self.set(next);
        }
    }
}
