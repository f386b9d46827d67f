//! The conformance server on Rocket; CONTRACT.md says what it does.

use std::error::Error;
use std::io::Cursor;
use std::net::Ipv4Addr;

use login_conformance::{
    Config, DumpedRecord, HoldQuery, IsNotch, Key, LoginQuery, Pair, Player, SessionQuery, StoreQuery, UserQuery,
    UsersQuery, World, me_json, query, recheck_json, session_json, sessions_json,
};
use login_rocket::{
    AllowUnauthenticatedOptions, Allowed, FreshLoginRequired, LoginManager, LoginRequired, LoginResponse,
};
use login_system::system_clock;
use rocket::config::{Ident, LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::http::uri::Origin;
use rocket::response::Response;
use rocket::response::content::RawJson;
use rocket::serde::json::{Json, Value, json};
use rocket::{State, get, options, post, routes};

type Login = login_rocket::Login<Player>;
type Answer<T> = Result<T, login_rocket::Error>;
type JsonAnswer = Answer<Result<Json<Value>, Status>>;
type Guard = AllowUnauthenticatedOptions<LoginRequired<Player>>;
type FreshGuard = AllowUnauthenticatedOptions<FreshLoginRequired<Player>>;

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let world = World::new(&config).await?;
    let login = manager(&config, &world)?;
    let server = rocket::Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port: std::env::var("PORT")?.parse()?,
        log_level: LogLevel::Off,
        ident: Ident::none(),
        cli_colors: false,
        // Ends as soon as it is told to.
        shutdown: Shutdown { ctrlc: false, signals: Default::default(), ..Shutdown::default() },
        ..rocket::Config::release_default()
    };
    let routes = routes![
        static_page,
        health,
        log_in,
        fail_after_login,
        log_out,
        confirm,
        me,
        required,
        required_post,
        required_options,
        fresh,
        fresh_post,
        fresh_options,
        admin,
        shop,
        only,
        unauthorized,
        needs_refresh,
        go_next,
        set,
        value,
        flashes,
        session,
        events,
        users,
        recheck,
        sessions,
        end_session,
        end_other_sessions,
        end_all_sessions,
        held,
        release,
        store,
        dump
    ];
    rocket::custom(server)
        .attach(login.fairing())
        .attach(AdHoc::on_liftoff("address", |rocket| {
            Box::pin(async move { println!("listening on {}:{}", rocket.config().address, rocket.config().port) })
        }))
        .manage(world)
        .manage(config)
        .manage(login)
        .mount("/", routes)
        .launch()
        .await?;
    Ok(())
}

fn manager(config: &Config, world: &World) -> Result<LoginManager<Player>, Box<dyn Error>> {
    let forbidden = |body: &'static str| {
        Response::build().status(Status::Forbidden).sized_body(body.len(), Cursor::new(body)).finalize()
    };
    let mut login = config.build(LoginManager::builder(config.secret_key()?), world, system_clock)?;
    if config.unauthorized_handler {
        login = login.unauthorized_handler(move |_, _| Some(forbidden("unauthorized handler")));
    }
    if config.needs_refresh_handler {
        login = login.needs_refresh_handler(move |_, _| Some(forbidden("needs refresh handler")));
    }
    Ok(login)
}

#[get("/health")]
fn health() -> &'static str {
    "ok"
}

#[get("/static-page")]
fn static_page() -> &'static str {
    "ok"
}

#[get("/login")]
async fn log_in(login: Login, world: &State<World>, uri: &Origin<'_>) -> JsonAnswer {
    world.hold(&login, &uri.to_string()).await;
    let Some(query) = query::<LoginQuery>(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    let done = query.log_in(&login, world)?;
    Ok(done.map(|done| Json(json!({ "ok": done }))).ok_or(Status::BadRequest))
}

#[get("/fail-after-login")]
async fn fail_after_login(login: Login, world: &State<World>, uri: &Origin<'_>) -> Answer<Status> {
    log_in(login, world, uri).await?.map(drop).ok();
    Ok(Status::InternalServerError)
}

#[get("/logout")]
async fn log_out(login: Login, world: &State<World>, uri: &Origin<'_>) -> Answer<Json<Value>> {
    world.hold(&login, &uri.to_string()).await;
    login_conformance::log_out(&login, &uri.to_string()).await?;
    Ok(Json(json!({ "ok": true })))
}

#[get("/confirm")]
async fn confirm(login: Login, world: &State<World>, uri: &Origin<'_>) -> Answer<Json<Value>> {
    world.hold(&login, &uri.to_string()).await;
    login_conformance::confirm(&login, world).await?;
    Ok(Json(json!({ "ok": true })))
}

#[get("/me")]
async fn me(login: Login, world: &State<World>, config: &State<Config>, uri: &Origin<'_>) -> Answer<Json<Value>> {
    world.hold(&login, &uri.to_string()).await;
    Ok(Json(me_json(&login, &config.anonymous_name).await?))
}

#[get("/recheck")]
async fn recheck(login: Login, world: &State<World>, config: &State<Config>, uri: &Origin<'_>) -> Answer<Json<Value>> {
    world.hold(&login, &uri.to_string()).await;
    Ok(Json(recheck_json(&login, &config.anonymous_name).await?))
}

#[get("/required")]
fn required(_guard: Guard) -> &'static str {
    "required ok"
}

#[post("/required")]
fn required_post(_guard: Guard) -> &'static str {
    "required ok"
}

#[options("/required")]
fn required_options(_guard: Guard) -> &'static str {
    "required ok"
}

#[get("/fresh")]
fn fresh(_guard: FreshGuard) -> &'static str {
    "fresh ok"
}

#[post("/fresh")]
fn fresh_post(_guard: FreshGuard) -> &'static str {
    "fresh ok"
}

#[options("/fresh")]
fn fresh_options(_guard: FreshGuard) -> &'static str {
    "fresh ok"
}

#[get("/admin/required")]
fn admin(_guard: Guard) -> &'static str {
    "required ok"
}

#[get("/shop/required")]
fn shop(_guard: Guard) -> &'static str {
    "required ok"
}

#[get("/only")]
fn only(_user: Allowed<Player, IsNotch>) -> &'static str {
    "only ok"
}

#[get("/unauthorized")]
fn unauthorized(login: Login) -> LoginResponse {
    login.unauthorized()
}

#[get("/needs-refresh")]
fn needs_refresh(login: Login) -> LoginResponse {
    login.needs_refresh()
}

#[get("/go-next")]
fn go_next(login: Login) -> LoginResponse {
    login.redirect_to_next("/")
}

#[get("/set")]
async fn set(login: Login, world: &State<World>, uri: &Origin<'_>) -> Answer<Result<&'static str, Status>> {
    let Some(Pair { key, value }) = query(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    world.hold(&login, &uri.to_string()).await;
    login.insert(&key, &value)?;
    Ok(Ok("ok"))
}

#[get("/get")]
async fn value(login: Login, world: &State<World>, uri: &Origin<'_>) -> JsonAnswer {
    let Some(Key { key }) = query(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    world.hold(&login, &uri.to_string()).await;
    Ok(Ok(Json(json!({ "value": login.get::<Value>(&key)? }))))
}

#[get("/flashes")]
fn flashes(login: Login) -> Answer<Json<Vec<[String; 2]>>> {
    let flashes = login.take_flashes()?;
    Ok(Json(flashes.into_iter().map(|flash| [flash.category, flash.message]).collect()))
}

#[get("/session")]
fn session(login: Login) -> Result<RawJson<String>, Status> {
    // As text: a `Value` holds not all that Flask writes.
    serde_json::to_string(&session_json(&login)).map(RawJson).map_err(|_| Status::InternalServerError)
}

#[get("/events")]
fn events(world: &State<World>) -> Json<Vec<&'static str>> {
    Json(world.take_events())
}

#[get("/users")]
fn users(world: &State<World>, uri: &Origin<'_>) -> Result<Json<Vec<String>>, Status> {
    let change = query::<UsersQuery>(&uri.to_string()).ok_or(Status::BadRequest)?;
    Ok(Json(world.change(&change)))
}

#[get("/sessions")]
async fn sessions(login: Login) -> Answer<Json<Vec<Value>>> {
    Ok(Json(sessions_json(&login).await?))
}

#[get("/sessions/end")]
async fn end_session(login: Login, uri: &Origin<'_>) -> JsonAnswer {
    let Some(query) = query::<SessionQuery>(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    Ok(Ok(Json(login_conformance::end_session(&login, &query).await?)))
}

#[get("/sessions/end-others")]
async fn end_other_sessions(login: Login) -> Answer<Json<Value>> {
    Ok(Json(login_conformance::end_other_sessions(&login).await?))
}

#[get("/sessions/end-all")]
async fn end_all_sessions(manager: &State<LoginManager<Player>>, uri: &Origin<'_>) -> JsonAnswer {
    let Some(query) = query::<UserQuery>(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    Ok(Ok(Json(login_conformance::end_all_sessions(manager, &query).await?)))
}

#[get("/held")]
fn held(world: &State<World>, uri: &Origin<'_>) -> Result<Json<Value>, Status> {
    let query = query::<HoldQuery>(&uri.to_string()).ok_or(Status::BadRequest)?;
    Ok(Json(world.held_json(&query)))
}

#[get("/release")]
fn release(world: &State<World>, uri: &Origin<'_>) -> Result<Json<Value>, Status> {
    let query = query::<HoldQuery>(&uri.to_string()).ok_or(Status::BadRequest)?;
    Ok(Json(world.release_json(&query)))
}

#[get("/store")]
fn store(world: &State<World>, uri: &Origin<'_>) -> Result<&'static str, Status> {
    world.fail_store(&query::<StoreQuery>(&uri.to_string()).ok_or(Status::BadRequest)?);
    Ok("ok")
}

#[get("/store/dump")]
async fn dump(world: &State<World>) -> Json<Vec<DumpedRecord>> {
    Json(world.dump_store().await)
}
