//! The layer that gives each request its login and writes it to the response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{self, Response, StatusCode};
use axum::response::IntoResponse as _;
use login_core::{Answer, Login as CoreLogin, Mounts, Refusal, Request, RequestLogin, User};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::manager::{Handlers, LoginManager};
use crate::request::Head;
use crate::response;

/// What a request carries below the layer.
pub(crate) struct Mounted<U: User> {
    request_login: RequestLogin<U>,
    handlers: Arc<Handlers>,
}

impl<U: User> Clone for Mounted<U> {
    fn clone(&self) -> Self {
        Self { request_login: self.request_login.clone(), handlers: Arc::clone(&self.handlers) }
    }
}

impl<U: User> Mounted<U> {
    /// What a request carries; `None` where it is not below the layer.
    pub(crate) fn of<'r>(head: &Head<'r>) -> Option<&'r Self> {
        head.extensions().get::<Self>()
    }

    /// Looks at the login, for whoever is given it.
    pub(crate) fn look(&self, head: Head<'_>) -> CoreLogin<U> {
        let head = head.needing_peer(self.request_login.manager().uses_peer_address());
        self.request_login.look(|| Request::of(&head))
    }

    /// Looks at the login, for whoever wants to know the user.
    pub(crate) fn look_for_user(&self, head: Head<'_>) -> CoreLogin<U> {
        let head = head.needing_peer(self.request_login.manager().uses_peer_address());
        self.request_login.look_for_user(&head)
    }

    pub(crate) fn refuse(&self, login: &CoreLogin<U>, refusal: Refusal) -> Response<Body> {
        self.handlers.refuse(login, refusal, response::of_answer)
    }
}

/// Makes [`LoginService`]s; see [`LoginManager::layer`].
pub struct LoginLayer<U: User> {
    manager: LoginManager<U>,
}

impl<U: User> LoginLayer<U> {
    pub(crate) fn new(manager: LoginManager<U>) -> Self {
        Self { manager }
    }
}

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

/// A service whose requests have a login. Any tower server can use it.
pub struct LoginService<S, U: User> {
    inner: S,
    manager: LoginManager<U>,
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

impl<S, U, RequestBody, ResponseBody> Service<http::Request<RequestBody>> for LoginService<S, U>
where
    U: User,
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    ResponseBody::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = LoginFuture<S::Future, U>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<RequestBody>) -> Self::Future {
        let core = self.manager.core();
        if Mounts::are_needed()
            && let Err(error) = request.extensions_mut().get_or_insert_default::<Mounts>().add(core)
        {
            #[cfg(feature = "tracing")]
            tracing::error!(target: "login", "{error}");
            let response = (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
            return LoginFuture::Refused { response: Some(response) };
        }
        if core.refuses_head(&Head::from(&request)) {
            return LoginFuture::Refused { response: Some(response::plain(403, Answer::CROSS_SITE)) };
        }
        // A layer of the same manager further out does it all; two would undo each other's.
        if Mounted::of(&Head::from(&request)).is_some_and(|mounted| mounted.request_login.is_of(core)) {
            return LoginFuture::Passed { inner: self.inner.call(request) };
        }
        let request_login = core.begin();
        if core.needs_request() {
            request_login.show_client(&Head::from(&request));
        }
        request
            .extensions_mut()
            .insert(Mounted { request_login: request_login.clone(), handlers: Arc::clone(&self.manager.handlers) });
        LoginFuture::Handled { inner: self.inner.call(request), request_login }
    }
}

pin_project! {
    /// The future of a [`LoginService`].
    #[project = Projected]
    #[expect(missing_docs, reason = "its cases are no one's business")]
    pub enum LoginFuture<F, U: User> {
        Refused { response: Option<Response<Body>> },
        Passed { #[pin] inner: F },
        Handled { #[pin] inner: F, request_login: RequestLogin<U> },
    }
}

impl<F, U: User> std::fmt::Debug for LoginFuture<F, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginFuture(..)")
    }
}

impl<F, U, B, E> Future for LoginFuture<F, U>
where
    U: User,
    F: Future<Output = Result<Response<B>, E>>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Refused { response } => Poll::Ready(Ok(response.take().unwrap_or_default())),
            Projected::Passed { inner } => inner.poll(context).map_ok(|response| response.map(Body::new)),
            Projected::Handled { inner, request_login } => {
                let response = ready!(inner.poll(context))?.map(Body::new);
                Poll::Ready(Ok(response::with_parts(response, &request_login.finish())))
            }
        }
    }
}
