//! The application on actix-web.

use actix_web::body::to_bytes;
use actix_web::{App, HttpRequest, HttpResponse, test, web};
use login_actix::{CurrentUser, Error, FreshUser, Login, LoginManager, LoginRejection, MaybeUser};

use crate::application::{Account, Accounts, Events, KEY, PATHS, Reply, configured, handle, key, load_error, visit};

async fn any(login: Login<Account>, request: HttpRequest) -> Result<String, Error> {
    Ok(handle(request.path(), &login).unwrap()?)
}

async fn me(user: CurrentUser<Account>, maybe: MaybeUser<Account>) -> String {
    format!("{} {user:?} {maybe:?} {:?}", user.id, FreshUser::<Account>(user.0.clone()))
}

async fn out(login: Login<Account>) -> Result<String, Error> {
    login.log_out().await?;
    Ok(format!("{login:?}"))
}

async fn error(login: Login<Account>) -> HttpResponse {
    let error = login.user().await.unwrap_err();
    let rejection = LoginRejection::<Account>::Load(load_error(&error));
    let error = Error::from(error);
    HttpResponse::InternalServerError().body(format!("{rejection} {rejection:?} {error} {error:?}"))
}

#[actix_web::test]
async fn actix_outputs_no_secret() {
    for flask in [false, true] {
        let (accounts, events) = (Accounts::default(), Events::default());
        let login = configured(LoginManager::builder(key(KEY)), flask, &events).build(accounts.clone()).unwrap();
        let guard = login.login_required();
        events.0.lock().unwrap().push(format!("{login:?} {:?} {guard:?}", login.middleware()));
        let app = App::new()
            .route("/out", web::get().to(out))
            .route("/error", web::get().to(error))
            .service(web::resource("/me").wrap(guard).to(me));
        let app = PATHS.into_iter().fold(app, |app, path| app.route(path, web::get().to(any)));
        let service = test::init_service(app.wrap(login.middleware())).await;
        visit(&accounts, &events, async |path, cookie| {
            let request = test::TestRequest::get().uri(path).insert_header(("cookie", cookie)).to_request();
            let response = test::call_service(&service, request).await;
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            let status = response.status().as_u16();
            let Ok(body) = to_bytes(response.into_body()).await else { panic!("no body") };
            Reply { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
        })
        .await;
    }
}
