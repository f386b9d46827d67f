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
    Config, HoldQuery, IsNotch, Key, LoginQuery, Pair, Player, SessionQuery, StoreQuery, UserQuery, UsersQuery, World,
    end_all_sessions, end_other_sessions, end_session, log_out, me_json, query, recheck_json, session_json,
    sessions_json,
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
    let world = World::new(&config).await?;
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
        let parts = request_login.finish_with_store(reply.status().as_u16()).await;
        if let Some(failure) = parts.replacement(reply.status().as_u16()) {
            reply = answered(failure.clone());
        }
        parts.write_to(reply.headers_mut());
        reply
    }

    async fn route(&self, request: &Request, request_login: &RequestLogin<Player>) -> Result<Reply, LoginError> {
        let is_taken = match request.method() {
            "GET" | "HEAD" => true,
            "POST" | "OPTIONS" => matches!(request.path(), "/required" | "/fresh"),
            _ => false,
        };
        if !is_taken {
            return Ok(status(405));
        }
        let target = request.target();
        let access = async || {
            let login = request_login.access(|| request.clone());
            login.load().await?;
            Ok::<_, LoginError>(login)
        };
        let held = async || {
            let login = access().await?;
            self.world.hold(&login, target).await;
            Ok::<_, LoginError>(login)
        };
        Ok(match request.path() {
            "/health" | "/static-page" => text("ok"),
            "/login" => {
                let Some(query) = query::<LoginQuery>(target) else { return Ok(status(400)) };
                query.log_in(&held().await?, &self.world)?.map_or_else(|| status(400), ok)
            }
            "/fail-after-login" => {
                let Some(query) = query::<LoginQuery>(target) else { return Ok(status(400)) };
                query.log_in(&access().await?, &self.world)?;
                status(500)
            }
            "/logout" => log_out(&held().await?, target).await.map(|()| ok(true))?,
            "/confirm" => login_conformance::confirm(&held().await?, &self.world).await.map(|()| ok(true))?,
            "/me" => json(&me_json(&held().await?, &self.config.anonymous_name).await?),
            "/recheck" => json(&recheck_json(&held().await?, &self.config.anonymous_name).await?),
            "/required" if request.method() == "OPTIONS" => text("required ok"),
            "/fresh" if request.method() == "OPTIONS" => text("fresh ok"),
            "/required" | "/admin/required" | "/shop/required" => {
                self.guard(&access().await?, Requirement::Login, "required ok").await?
            }
            "/fresh" => self.guard(&access().await?, Requirement::FreshLogin, "fresh ok").await?,
            "/only" => {
                let login = access().await?;
                login.user().await?;
                let checked = login.check(Requirement::Login);
                match checked.and_then(|user| IsNotch::allows(&user).then_some(()).ok_or(Refusal::Forbidden)) {
                    Ok(()) => text("only ok"),
                    Err(refusal) => self.refuse(&login, refusal),
                }
            }
            "/unauthorized" => self.refuse(&access().await?, Refusal::Unauthorized),
            "/needs-refresh" => self.refuse(&access().await?, Refusal::NeedsRefresh),
            "/go-next" => redirect(303, &access().await?.next_or("/")),
            "/set" => {
                let Some(Pair { key, value }) = query(target) else { return Ok(status(400)) };
                held().await?.insert(&key, &value).map(|()| text("ok"))?
            }
            "/get" => {
                let Some(Key { key }) = query(target) else { return Ok(status(400)) };
                json(&json!({ "value": held().await?.get::<Value>(&key)? }))
            }
            "/flashes" => {
                let flashes = access().await?.take_flashes()?.into_iter();
                json(&flashes.map(|flash| [flash.category, flash.message]).collect::<Vec<_>>())
            }
            "/session" => json(&session_json(&access().await?)),
            "/sessions" => json(&sessions_json(&access().await?).await?),
            "/sessions/end" => match query::<SessionQuery>(target) {
                Some(query) => json(&end_session(&access().await?, &query).await?),
                None => status(400),
            },
            "/sessions/end-others" => json(&end_other_sessions(&access().await?).await?),
            path => self.route_without_login(path, target).await?,
        })
    }

    async fn route_without_login(&self, path: &str, target: &str) -> Result<Reply, LoginError> {
        let answered = match path {
            "/events" => Some(json(&self.world.take_events())),
            "/users" => query::<UsersQuery>(target).map(|query| json(&self.world.change(&query))),
            "/sessions/end-all" => match query::<UserQuery>(target) {
                Some(query) => Some(json(&end_all_sessions(&self.login, &query).await?)),
                None => None,
            },
            "/held" => query::<HoldQuery>(target).map(|query| json(&self.world.held_json(&query))),
            "/release" => query::<HoldQuery>(target).map(|query| json(&self.world.release_json(&query))),
            "/store" => query::<StoreQuery>(target).map(|query| {
                self.world.fail_store(&query);
                text("ok")
            }),
            "/store/dump" => Some(json(&self.world.dump_store().await)),
            _ => Some(status(404)),
        };
        Ok(answered.unwrap_or_else(|| status(400)))
    }

    async fn guard(
        &self,
        login: &Login<Player>,
        requirement: Requirement,
        answer: &'static str,
    ) -> Result<Reply, LoginError> {
        login.user().await?;
        Ok(match login.check(requirement) {
            Ok(_) => text(answer),
            Err(refusal) => self.refuse(login, refusal),
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
