//! The fairing that begins the login of each request and adds it to the response.

use std::sync::{Mutex, PoisonError};

use login_core::User;
use login_core::adapter::{AdapterManager, Answer, Mounts};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::response::Response;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Request, Rocket};

use crate::attached::{Attached, Cached, Head, RecordedRefusal, RouteId};
use crate::response;

/// The path of the fairing's own route, to which refused cross-site requests are rerouted.
/// It answers every request with 403.
const CROSS_SITE: &str = "/cross-site-request-refused";

/// The managers of all attached fairings.
#[derive(Default)]
struct Attachments(Mutex<Mounts>);

/// The fairing of [`LoginManager::fairing`](crate::LoginManager::fairing).
pub struct LoginFairing<U: User> {
    manager: AdapterManager<U, Response<'static>>,
}

impl<U: User> LoginFairing<U> {
    pub(crate) fn new(manager: AdapterManager<U, Response<'static>>) -> Self {
        Self { manager }
    }

    /// Answers a recorded refusal, if no route has answered the request and the application
    /// has no catcher for it.
    fn answer_refusal<'r>(&self, cached: &Cached<U>, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(RecordedRefusal { refusal, route }) = cached.take_refusal() else { return };
        // If a later route forwards too, the status of the guard's forward, 401, is replaced
        // by 404, or by 422 if a parameter or the query did not match. A 422 of a request with
        // a body may be the route's own answer, and a 401 of a later route is its own.
        let is_guards = route == RouteId::of(request);
        let is_unanswered = match response.status().code {
            401 => is_guards,
            404 => !is_guards,
            422 => !is_guards && !request.method().supports_payload(),
            _ => false,
        };
        if !is_unanswered {
            return;
        }
        let login = cached.access(request);
        if response.status() == Status::Unauthorized && has_own_catcher(request) {
            login.notify_refused(refusal);
        } else {
            *response = self.manager.refuse(&login, refusal, response::from_answer);
        }
    }
}

/// Whether the application has a catcher of 401 for this path.
fn has_own_catcher(request: &Request<'_>) -> bool {
    let path = request.uri().path();
    request.rocket().catchers().any(|catcher| {
        let base = catcher.base.path();
        let base = base.as_str().trim_end_matches('/');
        let rest = path.as_str().strip_prefix(base);
        catcher.code == Some(401) && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
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
        let is_mounted = rocket.routes().any(|route| route.uri.path() == CROSS_SITE);
        if self.manager.core.refuses_cross_site() && !is_mounted {
            let route = Route::ranked(isize::MIN, Method::Get, CROSS_SITE, RefuseCrossSite);
            rocket = rocket.mount("/", [route]);
        }
        Ok(rocket.manage(Attached(self.manager.clone())))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let core = &self.manager.core;
        let head = Head(request);
        if core.refuses_head(&head) {
            // A request fairing cannot answer, but it can reroute the request.
            request.set_method(Method::Get);
            request.set_uri(Origin::const_new(CROSS_SITE, None));
        } else if core.needs_request() {
            let cached = Cached::of(request, &self.manager);
            cached.request_login.store_client(&Head(request));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let cached = Cached::of(request, &self.manager);
        self.answer_refusal(cached, request, response);
        response::add_parts(response, &cached.request_login.finish(response.status().code));
    }
}

/// Answers a cross-site request.
#[derive(Clone)]
struct RefuseCrossSite;

#[rocket::async_trait]
impl Handler for RefuseCrossSite {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        Outcome::Success(response::from_answer(Answer::cross_site()))
    }
}
