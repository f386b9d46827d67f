//! Runs the tests of `example_flow` on the application for Rocket.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::net::SocketAddr;

use example_accounts::{Accounts, Settings};
use http::{Request, Response};
use rocket::http::Header;
use rocket::local::asynchronous::Client;

struct Application(Client);

impl example_flow::Site for Application {
    async fn start(settings: &Settings, accounts: Accounts) -> Self {
        Self(Client::untracked(rocket_sqlite::rocket(settings, accounts).unwrap()).await.unwrap())
    }

    async fn answer(&self, request: Request<String>) -> Response<String> {
        let mut sent = self.0.req(request.method().as_str().parse().unwrap(), request.uri().to_string());
        for (name, value) in request.headers() {
            sent.add_header(Header::new(name.to_string(), value.to_str().unwrap().to_owned()));
        }
        if let Some(peer) = request.extensions().get::<SocketAddr>() {
            sent = sent.remote(*peer);
        }
        let got = sent.body(request.into_body()).dispatch().await;
        let mut response = Response::builder().status(got.status().code);
        for header in got.headers().iter() {
            response = response.header(header.name.as_str(), header.value());
        }
        response.body(got.into_string().await.unwrap_or_default()).unwrap()
    }
}

example_flow::tests!(Application, rocket::async_test);
