//! A small real application: sign up, log in, be remembered, keep notes.

mod error;
mod pages;

use std::error::Error;
use std::path::PathBuf;

use example_accounts::Accounts;
use login_rocket::{LoginManager, SecretKey, development_key};

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let file = std::env::var_os("DATABASE").map_or_else(|| PathBuf::from("rocket-sqlite.db"), PathBuf::from);
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
    let config = rocket::Config { port, ..rocket::Config::default() };
    println!("Open http://localhost:{port} (accounts are kept in {})", file.display());
    rocket::custom(config).attach(login.fairing()).manage(accounts).mount("/", pages::routes()).launch().await?;
    Ok(())
}
