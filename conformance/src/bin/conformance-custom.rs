//! The conformance server on the core alone, behind hyper; CONTRACT.md says what it does.

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use login_conformance::{
    Config, IsNotch, Key, LoginQuery, Pair, Player, UsersQuery, World, me_json, query, session_json,
};
use login_core::adapter::http::Head;
use login_core::adapter::{Answer, MAX_FORM, RequestLogin, Requirement};
use login_core::{Login, LoginError, LoginManager, Permission as _, Refusal, Request};
use login_system::{system_clock, system_entropy};
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
    let builder = LoginManager::builder(config.secret_key()?, system_clock, system_entropy);
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
                async move {
                    let request = app.copy(request, peer).await;
                    Ok::<_, Infallible>(app.serve(request).await)
                }
            });
            // A client that goes away is not an error of this server.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl App {
    /// A copy of the request, with the form that the request loader may read.
    async fn copy(&self, request: hyper::Request<Incoming>, peer: SocketAddr) -> Request {
        let head = Head { peer: Some(peer.ip()), ..Head::from(&request) };
        let (copy, reads_form) = (Request::from_head(&head), self.login.reads_form(&head));
        if !reads_form {
            return copy;
        }
        match Limited::new(request.into_body(), MAX_FORM).collect().await {
            Ok(form) => copy.with_form(form.to_bytes()),
            Err(_) => copy,
        }
    }

    /// What an adapter does for each request.
    async fn serve(&self, request: Request) -> Reply {
        if let Some(refused) = self.login.refuse_cross_site(&request) {
            return answered(refused);
        }
        let request_login = self.login.begin();
        if self.login.needs_request() {
            request_login.store_request(|| request.clone());
        }
        let mut reply = self.route(&request, &request_login).await.unwrap_or_else(|_| status(500));
        let parts = request_login.finish(reply.status().as_u16());
        if let Some(failure) = parts.replacement(reply.status().as_u16()) {
            reply = answered(failure.clone());
        }
        parts.write_to(reply.headers_mut());
        reply
    }

    async fn route(&self, request: &Request, request_login: &RequestLogin<Player>) -> Result<Reply, LoginError> {
        let access = || request_login.access(|| request.clone());
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
                query.log_in(&access(), &self.world)?.map_or_else(|| status(400), ok)
            }
            "/fail-after-login" => {
                let Some(query) = query::<LoginQuery>(request.target()) else { return Ok(status(400)) };
                query.log_in(&access(), &self.world)?;
                status(500)
            }
            "/logout" => access().log_out().await.map(|()| ok(true))?,
            "/confirm" => login_conformance::confirm(&access(), &self.world).await.map(|()| ok(true))?,
            "/me" => json(&me_json(&access(), &self.config.anonymous_name).await?),
            "/required" | "/admin/required" | "/shop/required" => {
                self.guard(request, access, Requirement::Login, "required ok").await?
            }
            "/fresh" => self.guard(request, access, Requirement::FreshLogin, "fresh ok").await?,
            "/only" => {
                let login = access();
                login.user().await?;
                let checked = login.check(Requirement::Login);
                match checked.and_then(|user| IsNotch::allows(&user).then_some(()).ok_or(Refusal::Forbidden)) {
                    Ok(()) => text("only ok"),
                    Err(refusal) => self.refuse(&login, refusal),
                }
            }
            "/unauthorized" => self.refuse(&access(), Refusal::Unauthorized),
            "/needs-refresh" => self.refuse(&access(), Refusal::NeedsRefresh),
            "/go-next" => redirect(303, &access().next_or("/")),
            "/set" => {
                let Some(Pair { key, value }) = query(request.target()) else { return Ok(status(400)) };
                access().insert(&key, &value).map(|()| text("ok"))?
            }
            "/get" => {
                let Some(Key { key }) = query(request.target()) else { return Ok(status(400)) };
                json(&json!({ "value": access().get::<Value>(&key)? }))
            }
            "/flashes" => {
                let flashes = access().take_flashes()?.into_iter();
                json(&flashes.map(|flash| [flash.category, flash.message]).collect::<Vec<_>>())
            }
            "/session" => json(&session_json(&access())),
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
        access: impl Fn() -> Login<Player>,
        requirement: Requirement,
        answer: &'static str,
    ) -> Result<Reply, LoginError> {
        if request.method() == "OPTIONS" {
            return Ok(text(answer));
        }
        let login = access();
        login.user().await?;
        Ok(match login.check(requirement) {
            Ok(_) => text(answer),
            Err(refusal) => self.refuse(&login, refusal),
        })
    }

    fn refuse(&self, login: &Login<Player>, refusal: Refusal) -> Reply {
        let (has_handler, answer) = match refusal {
            Refusal::Unauthorized => (self.config.unauthorized_handler, "unauthorized handler"),
            Refusal::NeedsRefresh => (self.config.needs_refresh_handler, "needs refresh handler"),
            Refusal::Forbidden | Refusal::CrossSite | _ => (false, ""),
        };
        if has_handler {
            login.notify_refused(refusal);
            return with(403, "text/plain", answer);
        }
        answered(login.refuse(refusal))
    }
}

fn answered(answer: Answer) -> Reply {
    let mut reply = status(answer.status());
    reply.headers_mut().clear();
    for (name, value) in answer.headers() {
        if let Ok(value) = HeaderValue::try_from(value) {
            reply.headers_mut().insert(name, value);
        }
    }
    *reply.body_mut() = Full::new(answer.into_body().into_owned().into());
    reply
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
