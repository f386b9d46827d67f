//! The conformance server on the core alone, behind hyper; CONTRACT.md says what it does.

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, SET_COOKIE, VARY};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use login_conformance::{Config, Key, LoginQuery, Pair, Player, UsersQuery, World, me_json, query, session_json};
use login_core::{
    Answer, LoadError, Login, LoginError, LoginManager, Refusal, Request, RequestLogin, Requirement, ResponseParts,
};
use serde::Serialize;
use serde_json::{Value, json};

type Reply = Response<Full<Bytes>>;

struct App {
    config: Config,
    world: World,
    login: LoginManager<Player>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let world = World::default();
    let builder = LoginManager::builder(config.secret_key()?, system_clock, |buffer: &mut [u8]| {
        if getrandom::fill(buffer).is_err() {
            std::process::abort()
        }
    });
    let login = config.build(builder, &world, system_clock)?;
    let app = Arc::new(App { config, world, login });
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let app = Arc::clone(&app);
                async move { Ok::<_, Infallible>(app.serve(view(&request, peer)).await) }
            });
            // A client that goes away is not an error of this server.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn system_clock() -> u64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

fn view(request: &hyper::Request<Incoming>, peer: SocketAddr) -> Request {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut view = Request::new(request.method().as_str(), target).with_peer(peer.ip());
    for (name, value) in request.headers() {
        view.push_header(name.as_str(), value.as_bytes());
    }
    view
}

impl App {
    /// What an adapter does for each request.
    async fn serve(&self, request: Request) -> Reply {
        let request_login = self.login.begin();
        if self.login.needs_request() {
            request_login.show(|| request.clone());
        }
        let mut reply = self.route(&request, &request_login).await.unwrap_or_else(|_| status(500));
        let parts = request_login.finish();
        if parts.has_failed && !reply.status().is_server_error() {
            reply = status(500);
        }
        let cache_control = parts.makes_private(None).then_some(ResponseParts::PRIVATE);
        let vary = parts.vary_cookie.then_some("cookie");
        let headers = [(CACHE_CONTROL, cache_control), (VARY, vary)].into_iter();
        let headers = headers.filter_map(|(name, value)| Some((name, value?.to_owned())));
        for (name, value) in headers.chain(parts.set_cookies.into_iter().map(|line| (SET_COOKIE, line))) {
            if let Ok(value) = value.try_into() {
                reply.headers_mut().append(name, value);
            }
        }
        reply
    }

    async fn route(&self, request: &Request, request_login: &RequestLogin<Player>) -> Result<Reply, LoginError> {
        let look = || request_login.look(|| request.clone());
        let is_taken = match request.method() {
            "GET" | "HEAD" => true,
            "POST" | "OPTIONS" => matches!(request.path(), "/required" | "/fresh"),
            _ => false,
        };
        if !is_taken {
            return Ok(status(405));
        }
        Ok(match request.path() {
            "/health" | "/static-page" => text("ok"),
            "/login" => {
                let Some(query) = query::<LoginQuery>(request.target()) else { return Ok(status(400)) };
                query.log_in(&look(), &self.world)?.map_or_else(|| status(400), ok)
            }
            "/logout" => look().log_out().await.map(|()| ok(true))?,
            "/confirm" => look().confirm().map(|_| ok(true))?,
            "/me" => json(&me_json(&look(), &self.config.anonymous_name).await?),
            "/required" | "/admin/required" | "/shop/required" => {
                self.guard(request, look, Requirement::Login, "required ok").await?
            }
            "/fresh" => self.guard(request, look, Requirement::FreshLogin, "fresh ok").await?,
            "/unauthorized" => self.refuse(&look(), Refusal::Unauthorized),
            "/needs-refresh" => self.refuse(&look(), Refusal::NeedsRefresh),
            "/go-next" => redirect(303, &look().next_or("/")),
            "/set" => {
                let Some(Pair { key, value }) = query(request.target()) else { return Ok(status(400)) };
                look().insert(&key, &value).map(|()| text("ok"))?
            }
            "/get" => {
                let Some(Key { key }) = query(request.target()) else { return Ok(status(400)) };
                json(&json!({ "value": look().get::<Value>(&key)? }))
            }
            "/flashes" => {
                let flashes = look().take_flashes()?.into_iter();
                json(&flashes.map(|flash| [flash.category, flash.message]).collect::<Vec<_>>())
            }
            "/session" => json(&session_json(&look())),
            "/events" => json(&self.world.take_events()),
            "/users" => {
                let change = query::<UsersQuery>(request.target());
                change.map_or_else(|| status(400), |change| json(&self.world.change(&change)))
            }
            _ => status(404),
        })
    }

    async fn guard(
        &self,
        request: &Request,
        look: impl Fn() -> Login<Player>,
        requirement: Requirement,
        answer: &'static str,
    ) -> Result<Reply, LoadError> {
        if Requirement::exempts(request.method()) {
            return Ok(text(answer));
        }
        let login = look();
        login.user().await?;
        Ok(match login.judge(requirement) {
            Ok(_) => text(answer),
            Err(refusal) => self.refuse(&login, refusal),
        })
    }

    fn refuse(&self, login: &Login<Player>, refusal: Refusal) -> Reply {
        let (has_handler, answer) = match refusal {
            Refusal::Unauthorized => (self.config.unauthorized_handler, "unauthorized handler"),
            Refusal::NeedsRefresh => (self.config.needs_refresh_handler, "needs refresh handler"),
        };
        if has_handler {
            login.tell_refusal(refusal);
            return with(403, "text/plain", answer);
        }
        match login.refuse(refusal) {
            Answer::Redirect { status, location } => redirect(status, &location),
            Answer::Unauthorized { content_type, body } => with(401, content_type, body),
        }
    }
}

fn with(status: u16, media: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    reply.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(media));
    reply
}

fn text(text: &'static str) -> Reply {
    with(200, "text/plain", text)
}

fn status(status: u16) -> Reply {
    with(status, "text/plain", "")
}

fn json(value: &impl Serialize) -> Reply {
    serde_json::to_vec(value).map_or_else(|_| status(500), |body| with(200, "application/json", body))
}

fn ok(done: bool) -> Reply {
    json(&json!({ "ok": done }))
}

fn redirect(to: u16, location: &str) -> Reply {
    let mut reply = status(to);
    if let Ok(location) = location.try_into() {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}
