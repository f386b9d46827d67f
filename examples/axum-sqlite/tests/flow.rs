//! Runs the tests of `example_flow` on the application for axum.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use example_accounts::{Accounts, Settings};
use tower::ServiceExt;

struct Application(Router);

impl example_flow::Site for Application {
    async fn start(settings: &Settings, accounts: Accounts) -> Self {
        Self(axum_sqlite::router(settings, accounts).unwrap())
    }

    async fn answer(&self, request: Request<String>) -> Response<String> {
        let mut request = request.map(Body::from);
        if let Some(peer) = request.extensions().get::<SocketAddr>().copied() {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let (head, body) = self.0.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Response::from_parts(head, String::from_utf8(bytes.to_vec()).unwrap())
    }
}

example_flow::tests!(Application, tokio::test);
