//! The application on Rocket.

use login_rocket::{CurrentUser, Error, FreshUser, Login, LoginManager, LoginRejection, LoginRequired, MaybeUser};
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::{get, routes};

use crate::application::{Account, Accounts, Events, KEY, Reply, configured, handle, key, load_error, visit};

#[get("/<_>", rank = 2)]
fn any(login: Login<Account>) -> Result<String, Error> {
    Ok(handle(login.request().path(), &login).unwrap()?)
}

#[get("/me")]
fn me(
    guard: LoginRequired<Account>,
    user: CurrentUser<Account>,
    maybe: MaybeUser<Account>,
    fresh: Option<FreshUser<Account>>,
) -> String {
    format!("{} {guard:?} {user:?} {maybe:?} {fresh:?}", user.id)
}

#[get("/out")]
async fn out(login: Login<Account>) -> Result<String, Error> {
    login.log_out().await?;
    Ok(format!("{login:?}"))
}

#[get("/error")]
async fn error(login: Login<Account>) -> (Status, String) {
    let error = login.user().await.unwrap_err();
    let rejection = LoginRejection::Load(load_error(&error));
    let error = Error::from(error);
    let refused = login.unauthorized();
    (Status::InternalServerError, format!("{rejection} {rejection:?} {error} {error:?} {refused:?}"))
}

#[rocket::async_test]
async fn rocket_outputs_no_secret() {
    for flask in [false, true] {
        let (accounts, events) = (Accounts::default(), Events::default());
        let login = configured(LoginManager::builder(key(KEY)), flask, &events).build(accounts.clone()).unwrap();
        let fairing = login.fairing();
        events.0.lock().unwrap().push(format!("{login:?} {fairing:?}"));
        let settings = rocket::Config { log_level: rocket::config::LogLevel::Debug, ..rocket::Config::debug_default() };
        let rocket = rocket::custom(settings).attach(fairing).mount("/", routes![any, me, out, error]);
        let client = Client::untracked(rocket).await.unwrap();
        visit(&accounts, &events, async |path, cookie| {
            let request = client.get(path.to_owned()).header(Header::new("cookie", cookie.to_owned()));
            let response = request.dispatch().await;
            let headers = response.headers().iter();
            let headers =
                headers.map(|header| (header.name.as_str().to_lowercase(), header.value.to_string())).collect();
            let status = response.status().code;
            Reply { status, headers, body: response.into_string().await.unwrap_or_default() }
        })
        .await;
    }
}
