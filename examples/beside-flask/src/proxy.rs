//! Passes requests on to Flask.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use axum::http::uri::{PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Where requests are passed on to.
#[derive(Clone)]
pub(crate) struct Proxy {
    client: Client<HttpConnector, Body>,
    flask: SocketAddr,
}

impl Proxy {
    pub(crate) fn to(flask: SocketAddr) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), flask }
    }

    /// Flask's response to a request over HTTP/1.1. All of its lines are kept, such as the two
    /// `Set-Cookie` of a login, and the request keeps its `Host`.
    pub(crate) async fn pass_on(&self, client: IpAddr, mut request: Request) -> Response {
        let Some(uri) = self.uri(request.uri().path_and_query()) else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_11;
        remove_hop_by_hop(request.headers_mut());
        forward(request.headers_mut(), client);
        match self.client.request(request).await {
            Ok(mut response) => {
                remove_hop_by_hop(response.headers_mut());
                *response.version_mut() = Version::HTTP_11;
                response.map(Body::new)
            }
            Err(error) => {
                eprintln!("Flask does not answer: {error}");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }

    /// `None` for a target that is no path, such as the `*` of `OPTIONS`.
    fn uri(&self, path: Option<&PathAndQuery>) -> Option<Uri> {
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.flask.to_string());
        uri.path_and_query(path?.clone()).build().ok()
    }
}

/// Says who the client is, and leaves nothing of what the client says about that: Flask believes
/// these headers, and Flask-Login takes the first address of `X-Forwarded-For`.
fn forward(headers: &mut HeaderMap, client: IpAddr) {
    let is_said = |name: &&HeaderName| name.as_str().starts_with("x-forwarded-") || *name == "forwarded";
    let said: Vec<_> = headers.keys().filter(is_said).cloned().collect();
    for name in said {
        headers.remove(name);
    }
    if let Ok(client) = HeaderValue::try_from(client.to_string()) {
        headers.insert("x-forwarded-for", client);
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static("http"));
}

/// Removes what is only for one connection (RFC 9110, 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
    let named: Vec<HeaderName> =
        lines.flat_map(|line| line.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    let others = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].into_iter();
    let old = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    for name in named.into_iter().chain(others).chain(old) {
        headers.remove(name);
    }
}
