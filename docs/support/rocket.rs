//! A browser for an application on Rocket.

use std::rc::Rc;

use rocket::http::{Cookie, Header, Method};
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket};

use crate::Browser;

/// Opens the application.
///
/// # Panics
///
/// If the application cannot be launched.
pub async fn browser(rocket: Rocket<Build>) -> Browser {
    let client = Rc::new(Client::untracked(rocket).await.expect("the application launches"));
    Browser::new(move |request| {
        let client = Rc::clone(&client);
        Box::pin(async move {
            let method: Method = request.method().as_str().parse().unwrap();
            let mut sent = client.req(method, request.uri().to_string());
            for (name, value) in request.headers() {
                let value = value.to_str().unwrap().to_owned();
                // Rocket's own cookies come from here in a local request, and not from the header.
                if name == "cookie" {
                    sent = sent.cookies(Cookie::split_parse_encoded(value.clone()).flatten());
                }
                sent = sent.header(Header::new(name.to_string(), value));
            }
            let answer = sent.body(request.into_body()).dispatch().await;
            let mut response = http::Response::builder().status(answer.status().code);
            for header in answer.headers().iter() {
                response = response.header(header.name().as_str(), header.value());
            }
            response.body(answer.into_bytes().await.unwrap_or_default()).unwrap()
        })
    })
}
