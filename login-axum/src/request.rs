//! What the core is shown of an axum request.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::request::Parts;
use axum::http::{self, Extensions, HeaderMap, HeaderName, Method, Uri};
use login_core::RequestHead;

/// Where a request's parts are, together or not.
pub(crate) struct Head<'r> {
    method: &'r Method,
    uri: &'r Uri,
    headers: &'r HeaderMap,
    extensions: &'r Extensions,
    /// Whether to warn where the peer's address is not known.
    needs_peer: bool,
}

impl<'r, B> From<&'r http::Request<B>> for Head<'r> {
    fn from(request: &'r http::Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
            needs_peer: false,
        }
    }
}

impl<'r> From<&'r Parts> for Head<'r> {
    fn from(parts: &'r Parts) -> Self {
        let Parts { method, uri, headers, extensions, .. } = parts;
        Self { method, uri, headers, extensions, needs_peer: false }
    }
}

impl<'r> Head<'r> {
    pub(crate) fn extensions(&self) -> &'r Extensions {
        self.extensions
    }

    pub(crate) fn needing_peer(self, needs_peer: bool) -> Self {
        Self { needs_peer, ..self }
    }

    /// As the client sent it: a nested router shortens the request's own.
    fn uri(&self) -> &'r Uri {
        self.extensions.get::<OriginalUri>().map_or(self.uri, |original| &original.0)
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        self.uri().path_and_query().map_or("/", |target| target.as_str()).into()
    }

    fn headers(&self, mut show: impl FnMut(&str, &[u8])) {
        self.headers.iter().for_each(|(name, value)| show(name.as_str(), value.as_bytes()));
    }

    fn lines(&self, name: &'static str, mut show: impl FnMut(&[u8])) {
        self.headers.get_all(HeaderName::from_static(name)).iter().for_each(|value| show(value.as_bytes()));
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        self.uri().authority().map(|authority| authority.as_str().into())
    }

    fn peer(&self) -> Option<IpAddr> {
        let real = self.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let peer = real.or_else(|| self.extensions.get::<MockConnectInfo<SocketAddr>>().map(|info| info.0));
        if peer.is_none() && self.needs_peer {
            warn_once();
        }
        peer.map(|peer| peer.ip())
    }

    fn is_https(&self) -> bool {
        self.uri().scheme_str() == Some("https")
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
