//! Logins on a blocking server without a framework, with sessions kept on the server. It runs the
//! core's steps itself.
//!
//! ```text
//! cargo run -p custom-server
//!
//! curl -c jar -X POST 'localhost:3001/login?user=ann'
//! curl -b jar -c jar localhost:3001/secret
//!
//! # A second browser, and the list of both:
//! curl -c other -X POST 'localhost:3001/login?user=ann'
//! curl -b jar -c jar localhost:3001/sessions
//!
//! # Ends the second one, whose cookies are then of no use:
//! curl -b jar -c jar -X POST localhost:3001/sessions/end-others
//! curl -b other -c other localhost:3001/secret
//! ```

mod http;
mod pages;
mod store;

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use login_core::{LoginManager, User};
use login_system::{development_key, system_clock, system_entropy};

use crate::http::Response;
use crate::store::BlockingStore;

struct Account {
    name: String,
}

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}

/// Finds a user of the application. A real one would ask its database. Every name except
/// `nobody` is a user.
fn find(name: &str) -> Result<Option<Account>, std::io::Error> {
    Ok((name != "nobody").then(|| Account { name: name.to_owned() }))
}

/// What all requests share.
struct Server {
    manager: LoginManager<Account>,
    store: BlockingStore,
}

fn main() -> Result<(), Box<dyn Error>> {
    // The core has no clock and no randomness of its own, so it gets both.
    let manager = LoginManager::builder(development_key(), system_clock, system_entropy)
        .insecure_plain_http()
        .login_view("/login")
        .session_store_by_steps()
        .max_sessions(5)
        .build_without_loader()?;
    let server = Arc::new(Server { manager, store: BlockingStore::default() });

    let port = std::env::var("PORT").map_or(Ok(3001), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("Open http://localhost:{}/secret", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let (stream, server) = (stream?, Arc::clone(&server));
        std::thread::spawn(move || {
            if let Err(error) = serve(stream, &server) {
                eprintln!("a connection failed: {error}");
            }
        });
    }
    Ok(())
}

/// Handles one request. The core is called five times: `refuse_cross_site`, `begin`, `access`,
/// what the handler does with the login, and `finish_steps`.
fn serve(mut stream: TcpStream, Server { manager, store }: &Server) -> Result<(), Box<dyn Error>> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = http::read(&mut stream)?;
    if let Some(refused) = manager.refuse_cross_site(&request) {
        return Response::from(&refused).send(stream);
    }
    let request_login = manager.begin();
    if manager.needs_request() {
        request_login.store_request(|| request.clone());
    }
    let mut response = match request.path() {
        "/" => Response::new(200, "This page does not access your login.\n"),
        _ => pages::handle(&request_login.access(|| request.clone()), store).unwrap_or_else(|error| {
            // The cause is for the operator only.
            eprintln!("{error}");
            Response::from(&error.answer())
        }),
    };
    response.add_parts(&store.run(request_login.finish_steps(response.status)));
    response.send(stream)
}
