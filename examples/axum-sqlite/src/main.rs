//! A small real application: sign up, log in, be remembered, keep notes.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use axum_sqlite::router;
use example_accounts::Accounts;
use login_axum::{SecretKey, development_key};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let file = std::env::var_os("DATABASE").map_or_else(|| PathBuf::from("axum-sqlite.db"), PathBuf::from);
    let key =
        if std::env::var_os("SECRET_KEY").is_some() { SecretKey::from_env("SECRET_KEY")? } else { development_key() };
    let app = router(Accounts::open(&file).await?, key)?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("Open http://localhost:{} (accounts are kept in {})", listener.local_addr()?.port(), file.display());
    // With the client's address, a session that is used from elsewhere is noticed.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
