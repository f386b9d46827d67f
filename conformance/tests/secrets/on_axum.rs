//! The application on axum.

use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts as _;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, http::HeaderMap};
use login_axum::{CurrentUser, Error, FreshUser, Login, LoginManager, LoginRejection, MaybeUser};
use tower::{Layer as _, ServiceExt as _};

use crate::application::{
    Account, Accounts, Events, HASH, KEY, PATHS, Reply, account, configured, handle, key, load_error, visit,
};
use crate::watch::Secrets;

async fn any(login: Login<Account>, request: axum::extract::Request) -> Result<String, Error> {
    Ok(handle(request.uri().path(), &login).unwrap()?)
}

async fn me(user: CurrentUser<Account>, maybe: MaybeUser<Account>, fresh: Option<CurrentUser<Account>>) -> String {
    format!("{} {user:?} {maybe:?} {fresh:?} {:?}", user.id, FreshUser::<Account>(user.0.clone()))
}

async fn out(login: Login<Account>) -> Result<String, Error> {
    login.log_out().await?;
    Ok(format!("{login:?}"))
}

async fn error(login: Login<Account>) -> Response {
    let error = login.user().await.unwrap_err();
    let (rejection, text) = (LoginRejection::Load(load_error(&error)), format!("{error} {error:?}"));
    let error = Error::from(error);
    let text = format!("{text} {rejection} {rejection:?} {error} {error:?}");
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{text} {:?}", error.into_inner())).into_response()
}

fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn axum_outputs_no_secret() {
    for flask in [false, true] {
        let (accounts, events) = (Accounts::default(), Events::default());
        let login = configured(LoginManager::builder(key(KEY)), flask, &events).build(accounts.clone()).unwrap();
        let routes = Router::new().route("/out", get(out)).route("/error", get(error));
        let routes = routes.merge(Router::new().route("/me", get(me)).route_layer(login.login_required()));
        let routes = PATHS.into_iter().fold(routes, |routes, path| routes.route(path, get(any)));
        let service = routes.layer(login.layer());
        visit(&accounts, &events, async |path, cookie| {
            let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
            let response = service.clone().oneshot(request).await.unwrap();
            let (status, headers) = (response.status().as_u16(), lines(response.headers()));
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            Reply { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
        })
        .await;
    }
}

#[tokio::test]
async fn debug_of_axum_types_contains_no_secret() {
    let mut secrets = Secrets::default();
    [KEY, HASH].iter().for_each(|secret| secrets.add(secret));
    let builder = configured(LoginManager::builder(key(KEY)), false, &Events::default());
    secrets.assert_not_in(&format!("{builder:?}"));
    let login = builder.build(Accounts::default()).unwrap();
    let cookie = login.test_login(account()).now().unwrap().header();
    secrets.add(cookie.split_once('=').unwrap().1);
    let (layer, guard) = (login.layer(), login.login_required());
    let service = || tower::service_fn(async |_: Request<Body>| Ok::<_, Error>(Response::new(Body::empty())));
    let request = || Request::get("/").header("cookie", &cookie).body(Body::empty()).unwrap();
    let (mut outer, mut inner) = (layer.layer(service()), guard.layer(service()));
    let pending = tower::Service::call(&mut outer, request());
    let guarded = tower::Service::call(&mut inner, request());
    let mut mounted = layer.layer(tower::service_fn(async |request: Request<Body>| {
        let refused = CurrentUser::<Account>::from_request_parts(&mut request.into_parts().0, &()).await;
        Ok::<_, Error>(Response::new(Body::from(
            refused.map_or_else(|error| format!("{error:?} {error}"), |_| String::new()),
        )))
    }));
    let refused = tower::Service::call(&mut mounted, Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    let refused = String::from_utf8(to_bytes(refused.into_body(), 4096).await.unwrap().to_vec()).unwrap();
    assert_eq!(refused, "Refused(RefusedRequest(Unauthorized)) no user is logged in");
    for shown in [
        format!("{login:?} {layer:?} {guard:?} {:?} {:?}", layer.layer(()), guard.layer(())),
        format!("{pending:?} {guarded:?} {refused}"),
    ] {
        secrets.assert_not_in(&shown);
    }
}
