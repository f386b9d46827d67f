//! The conformance server on Rocket; CONTRACT.md says what it does.

use std::error::Error;
use std::io::Cursor;
use std::net::Ipv4Addr;

use login_conformance::{
    Config, IsNotch, Key, LoginQuery, Pair, Player, UsersQuery, World, me_json, query, session_json,
};
use login_rocket::{
    AllowUnauthenticatedOptions, Allowed, FreshLoginRequired, Login, LoginManager, LoginRequired, LoginResponse,
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

type Answer<T> = Result<T, login_rocket::Error>;
type Guard = AllowUnauthenticatedOptions<LoginRequired<Player>>;
type FreshGuard = AllowUnauthenticatedOptions<FreshLoginRequired<Player>>;

#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    let world = World::default();
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
        users
    ];
    rocket::custom(server)
        .attach(login.fairing())
        .attach(AdHoc::on_liftoff("address", |rocket| {
            Box::pin(async move { println!("listening on {}:{}", rocket.config().address, rocket.config().port) })
        }))
        .manage(world)
        .manage(config)
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
fn log_in(login: Login<Player>, world: &State<World>, uri: &Origin<'_>) -> Answer<Result<Json<Value>, Status>> {
    let Some(query) = query::<LoginQuery>(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    let done = query.log_in(&login, world)?;
    Ok(done.map(|done| Json(json!({ "ok": done }))).ok_or(Status::BadRequest))
}

#[get("/fail-after-login")]
fn fail_after_login(login: Login<Player>, world: &State<World>, uri: &Origin<'_>) -> Answer<Status> {
    log_in(login, world, uri)?.map(drop).ok();
    Ok(Status::InternalServerError)
}

#[get("/logout")]
async fn log_out(login: Login<Player>) -> Answer<Json<Value>> {
    login.log_out().await?;
    Ok(Json(json!({ "ok": true })))
}

#[get("/confirm")]
async fn confirm(login: Login<Player>, world: &State<World>) -> Answer<Json<Value>> {
    login_conformance::confirm(&login, world).await?;
    Ok(Json(json!({ "ok": true })))
}

#[get("/me")]
async fn me(login: Login<Player>, config: &State<Config>) -> Answer<Json<Value>> {
    Ok(Json(me_json(&login, &config.anonymous_name).await?))
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
fn unauthorized(login: Login<Player>) -> LoginResponse {
    login.unauthorized()
}

#[get("/needs-refresh")]
fn needs_refresh(login: Login<Player>) -> LoginResponse {
    login.needs_refresh()
}

#[get("/go-next")]
fn go_next(login: Login<Player>) -> LoginResponse {
    login.redirect_to_next("/")
}

#[get("/set")]
fn set(login: Login<Player>, uri: &Origin<'_>) -> Answer<Result<&'static str, Status>> {
    let Some(Pair { key, value }) = query(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    login.insert(&key, &value)?;
    Ok(Ok("ok"))
}

#[get("/get")]
fn value(login: Login<Player>, uri: &Origin<'_>) -> Answer<Result<Json<Value>, Status>> {
    let Some(Key { key }) = query(&uri.to_string()) else { return Ok(Err(Status::BadRequest)) };
    Ok(Ok(Json(json!({ "value": login.get::<Value>(&key)? }))))
}

#[get("/flashes")]
fn flashes(login: Login<Player>) -> Answer<Json<Vec<[String; 2]>>> {
    let flashes = login.take_flashes()?;
    Ok(Json(flashes.into_iter().map(|flash| [flash.category, flash.message]).collect()))
}

#[get("/session")]
fn session(login: Login<Player>) -> Result<RawJson<String>, Status> {
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
