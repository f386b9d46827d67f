//! A Flask application and what is moved of it, at one address.

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use beside_flask::{Blueprint, Flask, router};
use login_axum::SecretKey;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = env::var("SECRET_KEY").map_err(|_| "set SECRET_KEY to the output of `openssl rand -hex 32`")?;
    let moved = env::var("MOVED").unwrap_or_else(|_| "account".to_owned());
    let moved: Vec<Blueprint> = moved.split_terminator(',').map(str::parse).collect::<Result<_, _>>()?;
    let port = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;

    let flask = Flask::start(&key)?;
    let app = router(&moved, SecretKey::from_text(key)?, flask.address())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("Open http://localhost:{}", listener.local_addr()?.port());
    // Session protection, and Flask's too, needs the client's address.
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
