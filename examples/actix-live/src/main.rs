//! A room in which users talk, until they are logged out.

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use actix_live::{Live, app, login};
use actix_web::HttpServer;
use tokio::sync::broadcast;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let login = login()?;
    let live = Live { room: broadcast::Sender::new(16), interval: Duration::from_secs(5) };
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let server = HttpServer::new(move || app(login.clone(), live.clone())).bind((Ipv4Addr::LOCALHOST, port))?;
    println!("Open http://localhost:{port}");
    Ok(server.run().await?)
}
