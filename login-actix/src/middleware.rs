//! The middleware that gives each request its login and writes it to the response.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{COOKIE, HeaderName, USER_AGENT};
use actix_web::http::{StatusCode, Uri};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse};
use login_core::{Answer, Login as CoreLogin, MountError, Mounts, Refusal, Request, RequestHead, RequestLogin, User};
use pin_project_lite::pin_project;

use crate::manager::{Handlers, LoginManager};
use crate::response::{self, Carrying};

/// What a request carries inside the middleware.
pub(crate) struct Mounted<U: User> {
    request_login: RequestLogin<U>,
    handlers: Arc<Handlers>,
    /// As the client sent it: other middleware may change the request's own.
    uri: Uri,
}

impl<U: User> Clone for Mounted<U> {
    fn clone(&self) -> Self {
        let Self { request_login, handlers, uri } = self;
        Self { request_login: request_login.clone(), handlers: Arc::clone(handlers), uri: uri.clone() }
    }
}

impl<U: User> Mounted<U> {
    /// What a request carries; `None` where no middleware is around it.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Looks at the login, for whoever is given it.
    pub(crate) fn look(&self, request: &HttpRequest) -> CoreLogin<U> {
        self.request_login.look(|| Request::of(&Head { request, uri: &self.uri }))
    }

    /// Looks at the login of a request, for whoever wants to know the user; `None`
    /// where no middleware is around it.
    pub(crate) fn look_for_user(request: &HttpRequest) -> Option<CoreLogin<U>> {
        let extensions = request.extensions();
        let mounted = extensions.get::<Self>()?;
        Some(mounted.request_login.look_for_user(&Head { request, uri: &mounted.uri }))
    }

    pub(crate) fn refuse(&self, login: &CoreLogin<U>, refusal: Refusal) -> HttpResponse {
        self.handlers.refuse(login, refusal, response::of_answer)
    }
}

/// What the core is shown of a request.
struct Head<'r> {
    request: &'r HttpRequest,
    uri: &'r Uri,
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.request.method().as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        self.uri.path_and_query().map_or("/", |target| target.as_str()).into()
    }

    fn headers(&self, mut show: impl FnMut(&str, &[u8])) {
        self.request.headers().iter().for_each(|(name, value)| show(name.as_str(), value.as_bytes()));
    }

    fn lines(&self, name: &'static str, mut show: impl FnMut(&[u8])) {
        // The names of the two that are asked for all the time are not parsed anew.
        let name = match name {
            "cookie" => COOKIE,
            "user-agent" => USER_AGENT,
            name => HeaderName::from_static(name),
        };
        self.request.headers().get_all(name).for_each(|value| show(value.as_bytes()));
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        self.uri.authority().map(|authority| authority.as_str().into())
    }

    fn peer(&self) -> Option<IpAddr> {
        self.request.peer_addr().map(|peer| peer.ip())
    }

    fn is_https(&self) -> bool {
        self.request.app_config().secure()
    }
}

/// Gives requests their login; see [`LoginManager::middleware`].
pub struct LoginMiddleware<U: User> {
    manager: LoginManager<U>,
}

impl<U: User> LoginMiddleware<U> {
    pub(crate) fn new(manager: LoginManager<U>) -> Self {
        Self { manager }
    }
}

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
        ready(Ok(LoginService { service, manager: self.manager.clone() }))
    }
}

/// A service whose requests have a login.
pub struct LoginService<S, U: User> {
    service: S,
    manager: LoginManager<U>,
}

impl<S, U: User> std::fmt::Debug for LoginService<S, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginService(..)")
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
    type Future = LoginFuture<S::Future, U>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let core = self.manager.core();
        if Mounts::are_needed()
            && let Err(error) = mount(&request, core)
        {
            #[cfg(feature = "tracing")]
            tracing::error!(target: "login", "{error}");
            let response = response::plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
            return LoginFuture::Refused { response: ready(request.into_response(response)) };
        }
        // A middleware of the same manager further out does it all; two would undo each other's.
        if request.extensions().get::<Mounted<U>>().is_some_and(|mounted| mounted.request_login.is_of(core)) {
            return LoginFuture::Passed { inner: self.service.call(request) };
        }
        let uri = request.uri().clone();
        let head = Head { request: request.request(), uri: &uri };
        if core.refuses_head(&head) {
            let refused = response::plain(StatusCode::FORBIDDEN, Answer::CROSS_SITE);
            return LoginFuture::Refused { response: ready(request.into_response(refused)) };
        }
        let request_login = core.begin();
        if core.needs_request() {
            request_login.show_client(&head);
        }
        let handlers = Arc::clone(&self.manager.handlers);
        request.extensions_mut().insert(Mounted { request_login: request_login.clone(), handlers, uri });
        // No clone of the request is kept: routing needs it for itself.
        LoginFuture::Handled { inner: self.service.call(request), request_login }
    }
}

pin_project! {
    /// The future of a [`LoginService`].
    #[project = Projected]
    #[expect(missing_docs, reason = "its cases are no one's business")]
    pub enum LoginFuture<F, U: User> {
        Refused { #[pin] response: Ready<ServiceResponse> },
        Passed { #[pin] inner: F },
        Handled { #[pin] inner: F, request_login: RequestLogin<U> },
    }
}

impl<F, U: User> std::fmt::Debug for LoginFuture<F, U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginFuture(..)")
    }
}

impl<F, U, B> Future for LoginFuture<F, U>
where
    U: User,
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Refused { response } => {
                response.poll(context).map(|response| Ok(response.map_into_right_body()))
            }
            Projected::Passed { inner } => inner.poll(context).map_ok(ServiceResponse::map_into_left_body),
            Projected::Handled { inner, request_login } => Poll::Ready(match task::ready!(inner.poll(context)) {
                Ok(response) => Ok(response::with_parts(response, &request_login.finish())),
                // Whatever answers this error further out must carry the cookies as well.
                Err(error) => Err(Carrying::new(error, request_login.clone()).into()),
            }),
        }
    }
}

fn mount<U: User>(request: &ServiceRequest, manager: &login_core::LoginManager<U>) -> Result<(), MountError> {
    let mut extensions = request.extensions_mut();
    let mut mounts = extensions.remove::<Mounts>().unwrap_or_default();
    let mounted = mounts.add(manager);
    extensions.insert(mounts);
    mounted
}
