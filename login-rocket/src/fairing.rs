//! The fairing that begins the login of each request and adds it to the response.

use std::sync::{Mutex, PoisonError};

use login_core::User;
use login_core::adapter::Mounts;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::response::Response;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Request, Rocket};

use crate::attached::{Attached, Cached, CrossSite, Head, Manager, RefusedCrossSite};
use crate::refused;
use crate::response;

/// The path of the fairing's own route, to which refused cross-site requests are rerouted.
const CROSS_SITE: &str = "/cross-site-request-refused";

/// The managers of all attached fairings.
#[derive(Default)]
struct Attachments(Mutex<Mounts>);

/// The fairing of [`LoginManager::fairing`](crate::LoginManager::fairing).
pub struct LoginFairing<U: User> {
    manager: Manager<U>,
}

impl<U: User> LoginFairing<U> {
    pub(crate) fn new(manager: Manager<U>) -> Self {
        Self { manager }
    }
}

impl<U: User> std::fmt::Debug for LoginFairing<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginFairing(..)")
    }
}

#[rocket::async_trait]
impl<U: User> Fairing for LoginFairing<U> {
    fn info(&self) -> Info {
        Info { name: "login", kind: Kind::Ignite | Kind::Request | Kind::Response }
    }

    async fn on_ignite(&self, mut rocket: Rocket<Build>) -> rocket::fairing::Result {
        if Attached::<U>::find(&rocket).is_some() {
            rocket::error!("two login fairings for `{}` are attached: attach one", std::any::type_name::<U>());
            return Err(rocket);
        }
        if rocket.state::<Attachments>().is_none() {
            rocket = rocket.manage(Attachments::default());
        }
        let attach = |Attachments(mounts): &Attachments| {
            mounts.lock().unwrap_or_else(PoisonError::into_inner).add(&self.manager.core)
        };
        if let Some(Err(error)) = rocket.state().map(attach) {
            rocket::error!("{error}");
            return Err(rocket);
        }
        // The fairing of another manager may have mounted the route already.
        if !rocket.routes().any(|route| route.uri.path() == CROSS_SITE) {
            let route = Route::ranked(isize::MIN, Method::Get, CROSS_SITE, RefuseCrossSite);
            rocket = rocket.mount("/", [route]);
        }
        Ok(refused::register(rocket).manage(Attached(self.manager.clone())))
    }

    async fn on_request(&self, request: &mut Request<'_>, data: &mut Data<'_>) {
        let refused = self.manager.refuse_cross_site_by_handler(&Head(request), response::from_answer);
        if let Some((own, answer)) = refused {
            let path = request.uri().path().to_string();
            CrossSite::of(request).set(RefusedCrossSite { path, own, answer });
            // A request fairing cannot answer, but it can reroute the request.
            request.set_method(Method::Get);
            request.set_uri(Origin::const_new(CROSS_SITE, None));
            return;
        }
        if self.manager.core.needs_request() {
            let cached = Cached::of(request, &self.manager);
            cached.request_login.store_client(&Head(request));
        }
        if self.manager.core.reads_form(&Head(request))
            && let Some(form) = small_form(request, data).await
        {
            Cached::of(request, &self.manager).request_login.store_form(form);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let cached = Cached::of(request, &self.manager);
        if let Some(answer) = refused::answer_overlooked(request, response).await {
            response::replace(response, answer.unwrap_or_else(response::internal_error));
        }
        let parts = cached.request_login.finish_with_store(response.status().code).await;
        let answer = match &parts.failure {
            // Rocket's own page, or that of a default catcher.
            Some(answer) if answer.is_json() && refused::is_default_500(request, response).await => Some(answer),
            Some(_) | None => parts.replacement(response.status().code),
        };
        if let Some(answer) = answer {
            let status = Status::new(answer.status());
            let own = match refused::catcher(request.rocket(), request.uri().path().as_str(), status, !answer.is_json())
            {
                Some(catcher) if status == Status::InternalServerError => {
                    catcher.handler.handle(status, request).await.ok()
                }
                Some(_) | None => None,
            };
            response::replace(response, own.unwrap_or_else(|| response::from_answer(answer.clone())));
        }
        response::add_parts(response, &parts);
    }
}

/// How much of a body Rocket lets a fairing read, in bytes.
const MAX_PEEK: usize = 512;

/// The body of a request, if it is so small that Rocket lets a fairing read the whole. Rocket does
/// not tell a body that ended from one that broke off, so its size must be known. (A local client,
/// which has no address, sends none.)
async fn small_form(request: &Request<'_>, data: &mut Data<'_>) -> Option<Vec<u8>> {
    let size = request.headers().get_one("content-length").and_then(|size| size.parse::<usize>().ok());
    if size.map_or(request.remote().is_some(), |size| size > MAX_PEEK) {
        return None;
    }
    let read = data.peek(MAX_PEEK).await.to_vec();
    let is_whole = size.map_or(read.len() < MAX_PEEK && data.peek_complete(), |size| size == read.len());
    is_whole.then_some(read)
}

/// Answers a cross-site request.
#[derive(Clone)]
struct RefuseCrossSite;

#[rocket::async_trait]
impl Handler for RefuseCrossSite {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let Some(RefusedCrossSite { path, own, answer }) = CrossSite::of(request).take() else {
            return Outcome::forward(data, Status::NotFound);
        };
        if let Some(response) = own {
            return Outcome::Success(response);
        }
        match refused::catcher(request.rocket(), &path, Status::Forbidden, !answer.is_json()) {
            Some(catcher) => match catcher.handler.handle(Status::Forbidden, request).await {
                Ok(response) => Outcome::Success(response),
                Err(status) => Outcome::Error(status),
            },
            None => Outcome::Success(response::from_answer(answer)),
        }
    }
}
