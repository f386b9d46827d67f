//! The conformance server on axum; CONTRACT.md says what it does.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};
use login_axum::{Login, LoginManager, Permission as _};
use login_conformance::{
    Config, HoldQuery, IsNotch, Key, LoginQuery, Pair, Player, SessionQuery, StoreQuery, UserQuery, UsersQuery, World,
    me_json, query, recheck_json, session_json, sessions_json,
};
use login_system::system_clock;
use serde_json::{Value, json};

type Answer<T> = Result<T, login_axum::Error>;

#[derive(Clone)]
struct App {
    world: World,
    config: Arc<Config>,
    login: LoginManager<Player>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let world = World::new(&config).await?;
    let login = manager(&config, &world)?;
    let port = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    // With port 0 the system chooses one: who started this server reads it here.
    println!("listening on {}", listener.local_addr()?);
    let app = router(&login, App { world, config: Arc::new(config), login: login.clone() });
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

fn manager(config: &Config, world: &World) -> Result<LoginManager<Player>, Box<dyn Error>> {
    let mut login = config.build(LoginManager::builder(config.secret_key()?), world, system_clock)?;
    if config.unauthorized_handler {
        login =
            login.unauthorized_handler(|_, _| Some((StatusCode::FORBIDDEN, "unauthorized handler").into_response()));
    }
    if config.needs_refresh_handler {
        login =
            login.needs_refresh_handler(|_, _| Some((StatusCode::FORBIDDEN, "needs refresh handler").into_response()));
    }
    Ok(login)
}

fn router(login: &LoginManager<Player>, app: App) -> Router {
    let text = |text: &'static str| move || async move { text };
    let guarded =
        |answer: &'static str| -> MethodRouter<App> { get(text(answer)).post(text(answer)).options(text(answer)) };
    Router::new()
        .route("/health", get(text("ok")))
        .route("/static-page", get(text("ok")))
        .route("/login", get(log_in))
        .route("/fail-after-login", get(fail_after_login))
        .route("/logout", get(log_out))
        .route("/confirm", get(confirm))
        .route("/me", get(me))
        .route("/required", guarded("required ok").route_layer(login.login_required().allow_unauthenticated_options()))
        .route("/fresh", guarded("fresh ok").route_layer(login.fresh_login_required().allow_unauthenticated_options()))
        .route("/admin/required", get(text("required ok")).route_layer(login.login_required()))
        .route("/shop/required", get(text("required ok")).route_layer(login.login_required()))
        .route("/only", get(text("only ok")).route_layer(login.login_required().only(IsNotch::allows)))
        .route("/unauthorized", get(async |login: Login<Player>| login.unauthorized()))
        .route("/needs-refresh", get(async |login: Login<Player>| login.needs_refresh()))
        .route("/go-next", get(go_next))
        .route("/set", get(set))
        .route("/get", get(value))
        .route("/flashes", get(flashes))
        .route("/session", get(async |login: Login<Player>| Json(session_json(&login)).into_response()))
        .route("/events", get(async |State(app): State<App>| Json(app.world.take_events())))
        .route("/users", get(users))
        .route("/recheck", get(recheck))
        .route("/sessions", get(async |login: Login<Player>| Answer::Ok(Json(sessions_json(&login).await?))))
        .route("/sessions/end", get(end_session))
        .route("/sessions/end-others", get(end_other_sessions))
        .route("/sessions/end-all", get(end_all_sessions))
        .route("/held", get(held))
        .route("/release", get(release))
        .route("/store", get(store))
        .route("/store/dump", get(async |State(app): State<App>| Json(app.world.dump_store().await)))
        .layer(login.layer())
        .with_state(app)
}

async fn log_in(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Response> {
    app.world.hold(&login, &uri.to_string()).await;
    let done = match query::<LoginQuery>(&uri.to_string()) {
        Some(query) => query.log_in(&login, &app.world)?,
        None => None,
    };
    Ok(done.map_or_else(bad_request, |done| Json(json!({ "ok": done })).into_response()))
}

async fn fail_after_login(app: State<App>, login: Login<Player>, uri: Uri) -> Answer<Response> {
    log_in(app, login, uri).await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn bad_request() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

async fn log_out(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Json<Value>> {
    app.world.hold(&login, &uri.to_string()).await;
    login_conformance::log_out(&login, &uri.to_string()).await?;
    Ok(Json(json!({ "ok": true })))
}

async fn confirm(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Json<Value>> {
    app.world.hold(&login, &uri.to_string()).await;
    login_conformance::confirm(&login, &app.world).await?;
    Ok(Json(json!({ "ok": true })))
}

async fn me(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Json<Value>> {
    app.world.hold(&login, &uri.to_string()).await;
    Ok(Json(me_json(&login, &app.config.anonymous_name).await?))
}

async fn recheck(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Json<Value>> {
    app.world.hold(&login, &uri.to_string()).await;
    Ok(Json(recheck_json(&login, &app.config.anonymous_name).await?))
}

async fn go_next(login: Login<Player>) -> Redirect {
    login.redirect_to_next("/")
}

async fn set(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Response> {
    let Some(Pair { key, value }) = query(&uri.to_string()) else { return Ok(bad_request()) };
    app.world.hold(&login, &uri.to_string()).await;
    login.insert(&key, &value)?;
    Ok("ok".into_response())
}

async fn value(State(app): State<App>, login: Login<Player>, uri: Uri) -> Answer<Response> {
    let Some(Key { key }) = query(&uri.to_string()) else { return Ok(bad_request()) };
    app.world.hold(&login, &uri.to_string()).await;
    Ok(Json(json!({ "value": login.get::<Value>(&key)? })).into_response())
}

async fn flashes(login: Login<Player>) -> Answer<Json<Vec<[String; 2]>>> {
    let flashes = login.take_flashes()?;
    Ok(Json(flashes.into_iter().map(|flash| [flash.category, flash.message]).collect()))
}

async fn users(State(app): State<App>, uri: Uri) -> Response {
    let change = query::<UsersQuery>(&uri.to_string());
    change.map_or_else(bad_request, |change| Json(app.world.change(&change)).into_response())
}

async fn end_session(login: Login<Player>, uri: Uri) -> Answer<Response> {
    let Some(query) = query::<SessionQuery>(&uri.to_string()) else { return Ok(bad_request()) };
    Ok(Json(login_conformance::end_session(&login, &query).await?).into_response())
}

async fn end_other_sessions(login: Login<Player>) -> Answer<Json<Value>> {
    Ok(Json(login_conformance::end_other_sessions(&login).await?))
}

async fn end_all_sessions(State(app): State<App>, uri: Uri) -> Answer<Response> {
    let Some(query) = query::<UserQuery>(&uri.to_string()) else { return Ok(bad_request()) };
    Ok(Json(login_conformance::end_all_sessions(&app.login, &query).await?).into_response())
}

async fn held(State(app): State<App>, uri: Uri) -> Response {
    let query = query::<HoldQuery>(&uri.to_string());
    query.map_or_else(bad_request, |query| Json(app.world.held_json(&query)).into_response())
}

async fn release(State(app): State<App>, uri: Uri) -> Response {
    let query = query::<HoldQuery>(&uri.to_string());
    query.map_or_else(bad_request, |query| Json(app.world.release_json(&query)).into_response())
}

async fn store(State(app): State<App>, uri: Uri) -> Response {
    let Some(query) = query::<StoreQuery>(&uri.to_string()) else { return bad_request() };
    app.world.fail_store(&query);
    "ok".into_response()
}
