//! What the core is shown of an axum request.

use std::net::SocketAddr;
use std::sync::Once;

use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::request::Parts;
use axum::http::{self, Extensions, HeaderMap, Method, Uri, header};
use login_core::{LoginManager, Request, User};

/// Where a request's parts are, together or not.
pub(crate) struct Head<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
    extensions: &'r Extensions,
}

impl<'r, B> From<&'r http::Request<B>> for Head<'r> {
    fn from(request: &'r http::Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

impl<'r> From<&'r Parts> for Head<'r> {
    fn from(parts: &'r Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers, extensions: &parts.extensions }
    }
}

impl<'r> Head<'r> {
    pub(crate) fn extensions(&self) -> &'r Extensions {
        self.extensions
    }

    pub(crate) fn view<U: User>(&self, manager: &LoginManager<U>) -> Request {
        // A nested router shortens the URI; the client sent the original.
        let uri = self.extensions.get::<OriginalUri>().map_or(self.uri, |original| &original.0);
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let size: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
        let mut request = Request::with_capacity(self.method.as_str(), target, size + 64);
        for (name, value) in self.headers {
            request.push_header(name.as_str(), value.as_bytes());
        }
        // HTTP/2 has the host in the URI.
        if let Some(authority) = uri.authority().filter(|_| !self.headers.contains_key(header::HOST)) {
            request.push_header("host", authority.as_str().as_bytes());
        }
        if uri.scheme_str() == Some("https") {
            request = request.over_https();
        }
        match self.peer() {
            Some(peer) => request.with_peer(peer.ip()),
            None => {
                if manager.uses_peer_address() {
                    warn_once();
                }
                request
            }
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        let real = self.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        real.or_else(|| self.extensions.get::<MockConnectInfo<SocketAddr>>().map(|info| info.0))
    }
}

fn warn_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: "login",
            "session protection knows no client address: serve with app.into_make_service_with_connect_info::<SocketAddr>()"
        );
    });
}
