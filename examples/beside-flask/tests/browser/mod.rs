//! A browser that keeps cookies, and an application for it on the loopback interface.

#![allow(dead_code, reason = "each of the tests uses a part of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

/// Serves an application, and returns its address.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).into_future());
    address
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The address of a redirect, or an empty text.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }
}

/// Cookies do not depend on the port, so one browser can go from one server to another.
pub(crate) struct Browser {
    client: Client<HttpConnector, Body>,
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// What is sent with each request.
    pub(crate) headers: HeaderMap,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("browser"))]);
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, address, cookies: BTreeMap::new(), headers }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same browser at another server.
    pub(crate) fn at(&mut self, address: SocketAddr) -> &mut Self {
        self.address = address;
        self
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.remove(name).unwrap();
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send("POST", path, Some(form.to_owned())).await
    }

    async fn send(&mut self, method: &str, path: &str, form: Option<String>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        request.headers_mut().unwrap().extend(self.headers.clone());
        let request = request.body(form.map_or_else(Body::empty, Body::from)).unwrap();
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        for line in head.headers.get_all(SET_COOKIE) {
            self.keep(line.to_str().unwrap());
        }
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
