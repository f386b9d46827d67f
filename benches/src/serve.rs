//! Servers with one thread, for load tests by another process.

use std::net::SocketAddr;
use std::process::ExitCode;

use actix_identity::IdentityMiddleware;
use actix_web::{App, HttpServer};
use axum::Router;
use tokio::net::TcpListener;

use crate::cases::Playing;
use crate::users::{self, Wire, ann};

/// Runs a server. It prints its address and the cookies to send, on one line each.
pub fn run(server: &str) -> ExitCode {
    let serving: Playing<'_> = match server.rsplit_once('-') {
        Some(("axum", library)) => Box::pin(on_axum(library)),
        Some(("actix-web", library)) => Box::pin(on_actix(library)),
        Some(("Rocket", library)) => Box::pin(on_rocket(library)),
        Some((store @ ("memory" | "SQLite" | "PostgreSQL" | "Redis"), library)) => {
            Box::pin(crate::stores::serving::serve(store, library))
        }
        _ => {
            eprintln!("no such server: {server}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, serving);
    ExitCode::SUCCESS
}

fn announce(address: impl std::fmt::Display, cookies: &str) {
    println!("{address}\n{cookies}");
}

/// The cookies of a logged-in user of our library, on this machine.
fn our_cookies(login: users::LoggingIn) -> String {
    users::cookies(&login.user_agent(users::USER_AGENT).address([127, 0, 0, 1]).now().expect("a cookie").header())
}

async fn on_axum(library: &str) {
    use crate::axum::{hello, manager, peer, private};
    let login = manager(Wire::Native);
    let (app, cookies): (Router, String) = match library {
        "bare" => (hello(), our_cookies(login.test_login(ann()))),
        "ours" => (private(&login), our_cookies(login.test_login(ann()))),
        _ => {
            let mut app = peer::private();
            let cookies = peer::login_cookie(&mut app).await;
            (app, cookies)
        }
    };
    serve_axum(app, &cookies).await;
}

/// Serves an app on axum, after it has said where, and which cookies to send.
pub async fn serve_axum(app: Router, cookies: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    announce(listener.local_addr().expect("an address"), cookies);
    let app: Router = app.with_state(());
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.expect("a server");
}

async fn on_actix(library: &str) {
    use crate::actix::{hello, manager, peer, private};
    let login = manager(Wire::Native);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let served = match library {
        "bare" => {
            announce(address, &our_cookies(login.test_login(ann())));
            HttpServer::new(|| App::new().configure(hello)).workers(1).listen(listener).map(HttpServer::run)
        }
        "ours" => {
            announce(address, &our_cookies(login.test_login(ann())));
            let app = move || App::new().configure(|app| private(app, &login)).wrap(login.middleware());
            HttpServer::new(app).workers(1).listen(listener).map(HttpServer::run)
        }
        _ => {
            announce(address, &peer::login_cookie(true).await);
            let app = || {
                let sessions = peer::sessions(true);
                App::new().configure(peer::private_page).wrap(IdentityMiddleware::default()).wrap(sessions)
            };
            HttpServer::new(app).workers(1).listen(listener).map(HttpServer::run)
        }
    };
    served.expect("a port").await.expect("a server");
}

async fn on_rocket(library: &str) {
    use crate::rocket::{hello_only, manager, peer, private};
    let login = manager(Wire::Native);
    let (rocket, cookies) = match library {
        "bare" => (hello_only(), our_cookies(login.test_login(ann()))),
        "ours" => (private(&login), our_cookies(login.test_login(ann()))),
        _ => (peer::private(), peer::login_cookie().await),
    };
    // Rocket reports its port only after launch, so a free port is chosen before.
    let port = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let figment = rocket.figment().clone().merge(("port", port)).merge(("workers", 1));
    let announcing = rocket::fairing::AdHoc::on_liftoff("announce", move |_| {
        Box::pin(async move { announce(format_args!("127.0.0.1:{port}"), &cookies) })
    });
    rocket.configure(figment).attach(announcing).launch().await.expect("a server");
}
