//! A request of axum as the core reads it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::connect_info::MockConnectInfo;
use axum::extract::{ConnectInfo, OriginalUri};
use axum::http::request::Parts;
use axum::http::{Extensions, Request, Uri};
use login_core::adapter::{RequestHead, http, log_warning};

/// A request, or its parts. What axum adds to its extensions is read only if it is needed.
pub(crate) struct Head<'r> {
    http: http::Head<'r>,
    extensions: &'r Extensions,
    /// Whether to log a warning if the peer's address is unknown.
    needs_peer: bool,
}

impl<'r, B> From<&'r Request<B>> for Head<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self { http: request.into(), extensions: request.extensions(), needs_peer: false }
    }
}

impl<'r> From<&'r Parts> for Head<'r> {
    fn from(parts: &'r Parts) -> Self {
        Self { http: parts.into(), extensions: &parts.extensions, needs_peer: false }
    }
}

impl<'r> Head<'r> {
    pub(crate) fn needing_peer(self, needs_peer: bool) -> Self {
        Self { needs_peer, ..self }
    }

    /// The URI as the client sent it. A nested router shortens that of the request.
    fn uri(&self) -> &'r Uri {
        self.extensions.get::<OriginalUri>().map_or(self.http.uri, |original| &original.0)
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.http.method.as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        http::target(self.uri()).into()
    }

    fn for_each_header(&self, visit: impl FnMut(&str, &[u8])) {
        self.http.for_each_header(visit);
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        self.http.lines(name)
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        http::authority(self.uri()).map(Cow::from)
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
        self.http.is_https()
    }
}

fn warn_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log_warning(format_args!(
            "session protection does not know the client's address: serve with app.into_make_service_with_connect_info::<SocketAddr>()"
        ));
    });
}
