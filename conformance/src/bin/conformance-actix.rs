//! The conformance server on actix-web; CONTRACT.md says what it does.

use std::error::Error;
use std::net::Ipv4Addr;

use actix_web::web::{self, Data, Json, Query};
use actix_web::{App, HttpResponse, HttpServer, Resource};
use login_actix::{Login, LoginManager, system_clock};
use login_conformance::{Config, LoginQuery, Player, UsersQuery, World, me_json, session_json};
use serde::Deserialize;
use serde_json::{Value, json};

type Answer<T> = Result<T, login_actix::Error>;

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: String,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Data::new(Config::from_env()?);
    let world = World::default();
    let login = manager(&config, &world)?;
    let world = Data::new(world);
    let port = std::env::var("PORT")?.parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(world.clone())
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
        login = login.unauthorized_handler(|_| HttpResponse::Forbidden().body("unauthorized handler"));
    }
    if config.needs_refresh_handler {
        login = login.needs_refresh_handler(|_| HttpResponse::Forbidden().body("needs refresh handler"));
    }
    Ok(login)
}

fn routes(app: &mut web::ServiceConfig, login: &LoginManager<Player>) {
    // Answers GET, HEAD, POST and OPTIONS alike.
    let page = |path: &str, answer: &'static str| -> Resource { web::resource(path).to(move || async move { answer }) };
    let guarded = |path: &str| page(path, "required ok").wrap(login.login_required());
    app.service(page("/health", "ok"))
        .service(page("/static-page", "ok"))
        .service(guarded("/required"))
        .service(guarded("/admin/required"))
        .service(guarded("/shop/required"))
        .service(page("/fresh", "fresh ok").wrap(login.fresh_login_required()))
        .route("/login", web::get().to(log_in))
        .route("/logout", web::get().to(log_out))
        .route("/confirm", web::get().to(confirm))
        .route("/me", web::get().to(me))
        .route("/unauthorized", web::get().to(async |login: Login<Player>| login.unauthorized()))
        .route("/needs-refresh", web::get().to(async |login: Login<Player>| login.needs_refresh()))
        .route("/go-next", web::get().to(async |login: Login<Player>| login.redirect_to_next("/")))
        .route("/set", web::get().to(set))
        .route("/get", web::get().to(value))
        .route("/flashes", web::get().to(flashes))
        .route("/session", web::get().to(async |login: Login<Player>| Json(session_json(&login))))
        .route("/events", web::get().to(async |world: Data<World>| Json(world.take_events())))
        .route("/users", web::get().to(users));
}

async fn log_in(world: Data<World>, login: Login<Player>, query: Query<LoginQuery>) -> Answer<HttpResponse> {
    Ok(match query.log_in(&login, &world)? {
        Some(done) => HttpResponse::Ok().json(json!({ "ok": done })),
        None => HttpResponse::BadRequest().finish(),
    })
}

async fn log_out(login: Login<Player>) -> Answer<Json<Value>> {
    login.log_out().await?;
    Ok(Json(json!({ "ok": true })))
}

async fn confirm(login: Login<Player>) -> Answer<Json<Value>> {
    login.confirm()?;
    Ok(Json(json!({ "ok": true })))
}

async fn me(config: Data<Config>, login: Login<Player>) -> Answer<Json<Value>> {
    Ok(Json(me_json(&login, &config.anonymous_name).await?))
}

async fn set(login: Login<Player>, pair: Query<Pair>) -> Answer<&'static str> {
    login.insert(&pair.key, &pair.value)?;
    Ok("ok")
}

async fn value(login: Login<Player>, query: Query<Key>) -> Answer<Json<Value>> {
    Ok(Json(json!({ "value": login.get::<Value>(&query.key)? })))
}

async fn flashes(login: Login<Player>) -> Answer<Json<Vec<[String; 2]>>> {
    let flashes = login.take_flashes()?;
    Ok(Json(flashes.into_iter().map(|flash| [flash.category, flash.message]).collect()))
}

async fn users(world: Data<World>, query: Query<UsersQuery>) -> Json<Vec<String>> {
    Json(world.change(&query))
}
