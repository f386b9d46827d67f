//! Runs the tests of `example_flow` on the application for actix-web.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::net::SocketAddr;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use example_accounts::{Account, Accounts, Settings};
use http::{Request, Response};
use login_actix::LoginManager;

struct Application {
    login: LoginManager<Account>,
    accounts: Accounts,
}

impl example_flow::Site for Application {
    async fn start(settings: &Settings, accounts: Accounts) -> Self {
        Self { login: actix_sqlite::login(settings, accounts.clone()).unwrap(), accounts }
    }

    /// Each request is sent to a new `App`, as if another thread of the server handled it.
    async fn answer(&self, request: Request<String>) -> Response<String> {
        let app = init_service(actix_sqlite::app(self.login.clone(), self.accounts.clone())).await;
        let mut sent =
            TestRequest::with_uri(&request.uri().to_string()).method(request.method().as_str().parse().unwrap());
        for (name, value) in request.headers() {
            sent = sent.append_header((name.as_str(), value.as_bytes()));
        }
        if let Some(peer) = request.extensions().get::<SocketAddr>() {
            sent = sent.peer_addr(*peer);
        }
        let got = call_service(&app, sent.set_payload(request.into_body()).to_request()).await;
        let mut response = Response::builder().status(got.status().as_u16());
        for (name, value) in got.headers() {
            response = response.header(name.as_str(), value.as_bytes());
        }
        let bytes = read_body(got).await;
        response.body(String::from_utf8(bytes.to_vec()).unwrap()).unwrap()
    }
}

example_flow::tests!(Application, actix_web::test);
