//! A small but complete application: sign up, log in, stay logged in, and write notes.

use std::error::Error;
use std::process::ExitCode;

use example_accounts::{Accounts, Settings, exit_code};
use rocket::fairing::AdHoc;
use rocket_sqlite::rocket;

#[rocket::main]
async fn main() -> ExitCode {
    // Rocket's own log is another one.
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    exit_code(serve().await)
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env("rocket-sqlite.db")?;
    let rocket = rocket(&settings, Accounts::open(&settings).await?)?;
    let announce = AdHoc::on_liftoff("announce", |_| Box::pin(async move { settings.announce() }));
    rocket.attach(announce).launch().await?;
    Ok(())
}
