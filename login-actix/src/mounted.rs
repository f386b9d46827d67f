//! What the middleware adds to a request, and how extractors and guards find it.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::http::Uri;
use actix_web::http::header::{COOKIE, HeaderName, USER_AGENT};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use login_core::adapter::{RefusalHandlers, RequestHead, RequestLogin};
use login_core::{Login as CoreLogin, Refusal, Request, User};

use crate::response;

/// What the middleware adds to a request's extensions.
pub(crate) struct Mounted<U: User> {
    pub(crate) request_login: RequestLogin<U>,
    pub(crate) handlers: RefusalHandlers<HttpResponse>,
    /// The URI as the client sent it. Other middleware may change that of the request.
    pub(crate) uri: Uri,
}

impl<U: User> Clone for Mounted<U> {
    fn clone(&self) -> Self {
        let Self { request_login, handlers, uri } = self;
        Self { request_login: request_login.clone(), handlers: handlers.clone(), uri: uri.clone() }
    }
}

impl<U: User> Mounted<U> {
    /// What the middleware added. `None` if there is no middleware around the handler.
    pub(crate) fn find(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Accesses the login with a copy of the whole request.
    pub(crate) fn access(&self, request: &HttpRequest) -> CoreLogin<U> {
        self.request_login.access(|| Request::from_head(&Head { request, uri: &self.uri }))
    }

    /// Accesses the login of a request for a guard that only needs the user. `None` if there
    /// is no middleware around the handler.
    pub(crate) fn access_user(request: &HttpRequest) -> Option<CoreLogin<U>> {
        let extensions = request.extensions();
        let mounted = extensions.get::<Self>()?;
        Some(mounted.request_login.access_user(&Head { request, uri: &mounted.uri }))
    }

    /// Refuses the request. `guard` has handlers of its own.
    pub(crate) fn refuse(
        &self,
        guard: Option<&RefusalHandlers<HttpResponse>>,
        login: &CoreLogin<U>,
        refusal: Refusal,
    ) -> HttpResponse {
        self.handlers.refuse(guard, login, refusal, response::from_answer)
    }
}

/// A request as the core reads it.
pub(crate) struct Head<'r> {
    pub(crate) request: &'r HttpRequest,
    pub(crate) uri: &'r Uri,
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.request.method().as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        self.uri.path_and_query().map_or("/", |target| target.as_str()).into()
    }

    fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        self.request.headers().iter().for_each(|(name, value)| visit(name.as_str(), value.as_bytes()));
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        // Constants for the two usual names avoid parsing them each time.
        let name = match name {
            "cookie" => COOKIE,
            "user-agent" => USER_AGENT,
            name => HeaderName::from_static(name),
        };
        self.request.headers().get_all(name).map(|value| value.as_bytes().into())
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
