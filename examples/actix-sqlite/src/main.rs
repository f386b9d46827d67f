//! A small real application: sign up, log in, be remembered, keep notes.

mod error;
mod pages;

use std::error::Error;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use example_accounts::Accounts;
use login_actix::{LoginManager, SecretKey, development_key};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let file = std::env::var_os("DATABASE").map_or_else(|| PathBuf::from("actix-sqlite.db"), PathBuf::from);
    let key =
        if std::env::var_os("SECRET_KEY").is_some() { SecretKey::from_env("SECRET_KEY")? } else { development_key() };
    let accounts = Accounts::open(&file).await?;
    let login = LoginManager::builder(key)
        // This example speaks plain HTTP on localhost. Behind HTTPS drop this line.
        .insecure_plain_http()
        .login_view("/login")
        .refresh_view("/confirm")
        .refuse_cross_site_requests()
        .build(accounts.clone())?;
    let server = HttpServer::new(move || {
        let guarded = || login.login_required();
        App::new()
            .app_data(Data::new(accounts.clone()))
            .service(
                web::resource("/notes")
                    .wrap(guarded())
                    .route(web::get().to(pages::notes))
                    .route(web::post().to(pages::add_note)),
            )
            .service(web::resource("/notes/delete").wrap(guarded()).route(web::post().to(pages::delete_note)))
            .service(
                web::resource("/confirm")
                    .wrap(guarded())
                    .route(web::get().to(pages::confirm))
                    .route(web::post().to(pages::confirmed)),
            )
            .service(
                web::resource("/log-out-everywhere").wrap(guarded()).route(web::post().to(pages::log_out_everywhere)),
            )
            .service(
                web::resource("/settings")
                    .route(web::get().to(pages::settings))
                    .route(web::post().to(pages::change_email)),
            )
            .service(web::resource("/").route(web::get().to(pages::home)))
            .service(
                web::resource("/sign-up").route(web::get().to(pages::sign_up)).route(web::post().to(pages::signed_up)),
            )
            .service(
                web::resource("/login").route(web::get().to(pages::log_in)).route(web::post().to(pages::logged_in)),
            )
            .service(web::resource("/log-out").route(web::post().to(pages::log_out)))
            .wrap(login.middleware())
    });
    let server = server.bind((Ipv4Addr::LOCALHOST, port))?;
    println!("Open http://localhost:{port} (accounts are kept in {})", file.display());
    Ok(server.run().await?)
}
