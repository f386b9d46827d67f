//! The conformance server on actix-web; CONTRACT.md says what it does.

use std::error::Error;
use std::net::Ipv4Addr;

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Resource, Route, guard};
use login_actix::{Login, LoginManager, Permission as _};
use login_conformance::{
    Config, HoldQuery, IsNotch, Key, LoginQuery, Pair, Player, SessionQuery, StoreQuery, UserQuery, UsersQuery, World,
    me_json, query, recheck_json, session_json, sessions_json,
};
use login_system::system_clock;
use serde_json::{Value, json};

type Answer<T> = Result<T, login_actix::Error>;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Data::new(Config::from_env()?);
    let world = World::new(&config).await?;
    let login = manager(&config, &world)?;
    let world = Data::new(world);
    let port = std::env::var("PORT")?.parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(world.clone())
            .app_data(Data::new(login.clone()))
            .configure(|app| routes(app, &login))
            .wrap(login.middleware())
    });
    let server = server.workers(1).bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        println!("listening on {address}");
    }
    Ok(server.run().await?)
}

fn manager(config: &Config, world: &World) -> Result<LoginManager<Player>, Box<dyn Error>> {
    let mut login = config.build(LoginManager::builder(config.secret_key()?), world, system_clock)?;
    if config.unauthorized_handler {
        login = login.unauthorized_handler(|_, _| Some(HttpResponse::Forbidden().body("unauthorized handler")));
    }
    if config.needs_refresh_handler {
        login = login.needs_refresh_handler(|_, _| Some(HttpResponse::Forbidden().body("needs refresh handler")));
    }
    Ok(login)
}

fn routes(app: &mut web::ServiceConfig, login: &LoginManager<Player>) {
    // HEAD is GET without a body, which actix-web leaves to the application.
    let get = || -> Route { web::route().guard(guard::Any(guard::Get()).or(guard::Head())) };
    let text = |text: &'static str| move || async move { text };
    let page = |path: &str, answer: &'static str| -> Resource { web::resource(path).route(get().to(text(answer))) };
    let posted = |path: &str, answer: &'static str| -> Resource {
        let others = guard::Any(guard::Post()).or(guard::Options());
        page(path, answer).route(web::route().guard(others).to(text(answer)))
    };
    app.service(page("/health", "ok"))
        .service(page("/static-page", "ok"))
        .service(posted("/required", "required ok").wrap(login.login_required().allow_unauthenticated_options()))
        .service(posted("/fresh", "fresh ok").wrap(login.fresh_login_required().allow_unauthenticated_options()))
        .service(page("/admin/required", "required ok").wrap(login.login_required()))
        .service(page("/shop/required", "required ok").wrap(login.login_required()))
        .service(page("/only", "only ok").wrap(login.login_required().only(IsNotch::allows)))
        .service(web::resource("/login").route(get().to(log_in)))
        .service(web::resource("/fail-after-login").route(get().to(fail_after_login)))
        .service(web::resource("/logout").route(get().to(log_out)))
        .service(web::resource("/confirm").route(get().to(confirm)))
        .service(web::resource("/me").route(get().to(me)))
        .service(web::resource("/unauthorized").route(get().to(async |login: Login<Player>| login.unauthorized())))
        .service(web::resource("/needs-refresh").route(get().to(async |login: Login<Player>| login.needs_refresh())))
        .service(web::resource("/go-next").route(get().to(async |login: Login<Player>| login.redirect_to_next("/"))))
        .service(web::resource("/set").route(get().to(set)))
        .service(web::resource("/get").route(get().to(value)))
        .service(web::resource("/flashes").route(get().to(flashes)))
        .service(web::resource("/session").route(get().to(async |login: Login<Player>| Json(session_json(&login)))))
        .service(web::resource("/events").route(get().to(async |world: Data<World>| Json(world.take_events()))))
        .service(web::resource("/users").route(get().to(users)))
        .service(web::resource("/recheck").route(get().to(recheck)))
        .service(web::resource("/sessions").route(get().to(sessions)))
        .service(web::resource("/sessions/end").route(get().to(end_session)))
        .service(web::resource("/sessions/end-others").route(get().to(end_other_sessions)))
        .service(web::resource("/sessions/end-all").route(get().to(end_all_sessions)))
        .service(web::resource("/held").route(get().to(held)))
        .service(web::resource("/release").route(get().to(release)))
        .service(web::resource("/store").route(get().to(store)))
        .service(
            web::resource("/store/dump").route(get().to(async |world: Data<World>| Json(world.dump_store().await))),
        );
}

fn bad_request() -> HttpResponse {
    HttpResponse::BadRequest().finish()
}

async fn log_in(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<HttpResponse> {
    world.hold(&login, &request.uri().to_string()).await;
    let done = match query::<LoginQuery>(&request.uri().to_string()) {
        Some(query) => query.log_in(&login, &world)?,
        None => None,
    };
    Ok(done.map_or_else(bad_request, |done| HttpResponse::Ok().json(json!({ "ok": done }))))
}

async fn fail_after_login(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<HttpResponse> {
    log_in(world, login, request).await?;
    Ok(HttpResponse::InternalServerError().finish())
}

async fn log_out(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<Json<Value>> {
    world.hold(&login, &request.uri().to_string()).await;
    login_conformance::log_out(&login, &request.uri().to_string()).await?;
    Ok(Json(json!({ "ok": true })))
}

async fn confirm(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<Json<Value>> {
    world.hold(&login, &request.uri().to_string()).await;
    login_conformance::confirm(&login, &world).await?;
    Ok(Json(json!({ "ok": true })))
}

async fn me(
    config: Data<Config>,
    world: Data<World>,
    login: Login<Player>,
    request: HttpRequest,
) -> Answer<Json<Value>> {
    world.hold(&login, &request.uri().to_string()).await;
    Ok(Json(me_json(&login, &config.anonymous_name).await?))
}

async fn recheck(
    config: Data<Config>,
    world: Data<World>,
    login: Login<Player>,
    request: HttpRequest,
) -> Answer<Json<Value>> {
    world.hold(&login, &request.uri().to_string()).await;
    Ok(Json(recheck_json(&login, &config.anonymous_name).await?))
}

async fn set(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<HttpResponse> {
    let Some(Pair { key, value }) = query(&request.uri().to_string()) else { return Ok(bad_request()) };
    world.hold(&login, &request.uri().to_string()).await;
    login.insert(&key, &value)?;
    Ok(HttpResponse::Ok().body("ok"))
}

async fn value(world: Data<World>, login: Login<Player>, request: HttpRequest) -> Answer<HttpResponse> {
    let Some(Key { key }) = query(&request.uri().to_string()) else { return Ok(bad_request()) };
    world.hold(&login, &request.uri().to_string()).await;
    Ok(HttpResponse::Ok().json(json!({ "value": login.get::<Value>(&key)? })))
}

async fn flashes(login: Login<Player>) -> Answer<Json<Vec<[String; 2]>>> {
    let flashes = login.take_flashes()?;
    Ok(Json(flashes.into_iter().map(|flash| [flash.category, flash.message]).collect()))
}

async fn users(world: Data<World>, request: HttpRequest) -> HttpResponse {
    let change = query::<UsersQuery>(&request.uri().to_string());
    change.map_or_else(bad_request, |change| HttpResponse::Ok().json(world.change(&change)))
}

async fn sessions(login: Login<Player>) -> Answer<Json<Vec<Value>>> {
    Ok(Json(sessions_json(&login).await?))
}

async fn end_session(login: Login<Player>, request: HttpRequest) -> Answer<HttpResponse> {
    let Some(query) = query::<SessionQuery>(&request.uri().to_string()) else { return Ok(bad_request()) };
    Ok(HttpResponse::Ok().json(login_conformance::end_session(&login, &query).await?))
}

async fn end_other_sessions(login: Login<Player>) -> Answer<Json<Value>> {
    Ok(Json(login_conformance::end_other_sessions(&login).await?))
}

async fn end_all_sessions(manager: Data<LoginManager<Player>>, request: HttpRequest) -> Answer<HttpResponse> {
    let Some(query) = query::<UserQuery>(&request.uri().to_string()) else { return Ok(bad_request()) };
    Ok(HttpResponse::Ok().json(login_conformance::end_all_sessions(&manager, &query).await?))
}

async fn held(world: Data<World>, request: HttpRequest) -> HttpResponse {
    let query = query::<HoldQuery>(&request.uri().to_string());
    query.map_or_else(bad_request, |query| HttpResponse::Ok().json(world.held_json(&query)))
}

async fn release(world: Data<World>, request: HttpRequest) -> HttpResponse {
    let query = query::<HoldQuery>(&request.uri().to_string());
    query.map_or_else(bad_request, |query| HttpResponse::Ok().json(world.release_json(&query)))
}

async fn store(world: Data<World>, request: HttpRequest) -> HttpResponse {
    let Some(query) = query::<StoreQuery>(&request.uri().to_string()) else { return bad_request() };
    world.fail_store(&query);
    HttpResponse::Ok().body("ok")
}
