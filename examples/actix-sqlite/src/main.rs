//! A small but complete application: sign up, log in, stay logged in, and write notes.

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use actix_sqlite::{app, login};
use actix_web::HttpServer;
use example_accounts::{Accounts, Settings, exit_code};

#[actix_web::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    exit_code(serve().await)
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env("actix-sqlite.db")?;
    let accounts = Accounts::open(&settings).await?;
    let login = login(&settings, accounts.clone())?;
    let server =
        HttpServer::new(move || app(login.clone(), accounts.clone())).bind((Ipv4Addr::LOCALHOST, settings.port))?;
    settings.announce();
    Ok(server.run().await?)
}
