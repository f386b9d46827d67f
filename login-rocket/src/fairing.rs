//! The fairing that gives each request its login and writes it to the response.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use login_core::{Answer, Login as CoreLogin, Mounts, Refusal, RequestHead, RequestLogin, User};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::response::Response;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Build, Data, Phase, Request, Rocket};

use crate::manager::LoginManager;
use crate::response;

/// Where refused cross-site requests are sent: to a route of the fairing's own, which
/// answers 403 to whoever else asks for it as well.
const CROSS_SITE: &str = "/cross-site-request-refused";

/// That the fairing is attached: what an application manages by itself does not count.
pub(crate) struct Attached<U: User>(LoginManager<U>);

impl<U: User> Attached<U> {
    /// The manager whose fairing is attached, if one is.
    pub(crate) fn to<P: Phase>(rocket: &Rocket<P>) -> Option<&LoginManager<U>> {
        rocket.state::<Self>().map(|attached| &attached.0)
    }
}

/// All managers whose fairings are attached.
#[derive(Default)]
struct Attachments(Mutex<Mounts>);

/// What Rocket keeps for a request.
pub(crate) struct Cached<U: User> {
    request_login: RequestLogin<U>,
    refusal: Mutex<Option<Recorded>>,
}

/// What a guard refused, and the route that it stands before.
struct Recorded {
    refusal: Refusal,
    route: Option<RouteId>,
}

/// Tells one route from another: where it stands in the router, which does not move.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RouteId(usize);

impl RouteId {
    fn of(request: &Request<'_>) -> Option<Self> {
        request.route().map(|route| Self(std::ptr::from_ref(route).addr()))
    }
}

impl<U: User> Cached<U> {
    /// The request's own, made when it is first asked for.
    pub(crate) fn of<'r>(request: &'r Request<'_>, manager: &LoginManager<U>) -> &'r Self {
        request.local_cache(|| Self { request_login: manager.core().begin(), refusal: Mutex::new(None) })
    }

    /// Looks at the login, for whoever is given it.
    pub(crate) fn look(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.look(|| login_core::Request::of(&Head(request)))
    }

    /// Looks at the login, for whoever wants to know the user.
    pub(crate) fn look_for_user(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.look_for_user(&Head(request))
    }

    /// Keeps in mind why a guard refused; the response phase answers it.
    pub(crate) fn record(&self, refusal: Refusal, request: &Request<'_>) {
        let recorded = Recorded { refusal, route: RouteId::of(request) };
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorded);
    }

    fn take_refusal(&self) -> Option<Recorded> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the core is shown of a request. Rocket has dropped headers that are not UTF-8.
struct Head<'a, 'r>(&'a Request<'r>);

impl RequestHead for Head<'_, '_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        self.0.uri().to_string().into()
    }

    fn headers(&self, mut show: impl FnMut(&str, &[u8])) {
        for header in self.0.headers().iter() {
            show(header.name.as_str(), header.value.as_bytes());
        }
    }

    fn lines(&self, name: &'static str, mut show: impl FnMut(&[u8])) {
        self.0.headers().get(name).for_each(|value| show(value.as_bytes()));
    }

    fn authority(&self) -> Option<Cow<'_, str>> {
        self.0.host().map(|host| host.to_string().into())
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.remote().map(|peer| peer.ip())
    }

    fn is_https(&self) -> bool {
        self.0.rocket().config().tls_enabled()
    }
}

/// Gives requests their login; see [`LoginManager::fairing`].
pub struct LoginFairing<U: User> {
    manager: LoginManager<U>,
}

impl<U: User> LoginFairing<U> {
    pub(crate) fn new(manager: LoginManager<U>) -> Self {
        Self { manager }
    }

    /// Answers a refusal that a guard recorded, where no route took the request
    /// after all and the application has no catcher of its own for that.
    fn answer_refusal<'r>(&self, cached: &Cached<U>, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(Recorded { refusal, route }) = cached.take_refusal() else { return };
        // A later route's forward may have made a 404 of the guard's 401, or a 422, if a
        // parameter or query was not as it asks (with a body that may be its own answer); a
        // 401 of a later route is that route's own.
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
        let login = cached.look(request);
        if response.status() == Status::Unauthorized && has_own_catcher(request) {
            login.tell_refusal(refusal);
        } else {
            *response = self.manager.refuse(&login, refusal);
        }
    }
}

/// Whether the application catches 401 for this path.
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
        if Attached::<U>::to(&rocket).is_some() {
            rocket::error!("two login fairings for `{}` are attached: attach one", std::any::type_name::<U>());
            return Err(rocket);
        }
        if rocket.state::<Attachments>().is_none() {
            rocket = rocket.manage(Attachments::default());
        }
        let attach = |Attachments(mounts): &Attachments| {
            mounts.lock().unwrap_or_else(PoisonError::into_inner).add(self.manager.core())
        };
        if let Some(Err(error)) = rocket.state().map(attach) {
            rocket::error!("{error}");
            return Err(rocket);
        }
        // Another manager's fairing may have mounted it already.
        let is_mounted = rocket.routes().any(|route| route.uri.path() == CROSS_SITE);
        if self.manager.refuses_cross_site() && !is_mounted {
            let route = Route::ranked(isize::MIN, Method::Get, CROSS_SITE, RefuseCrossSite);
            rocket = rocket.mount("/", [route]);
        }
        Ok(rocket.manage(Attached(self.manager.clone())))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let core = self.manager.core();
        let head = Head(request);
        if core.refuses_head(&head) {
            // A request fairing cannot answer, but it can choose the route that does.
            request.set_method(Method::Get);
            request.set_uri(Origin::const_new(CROSS_SITE, None));
        } else if core.needs_request() {
            let cached = Cached::of(request, &self.manager);
            cached.request_login.show_client(&Head(request));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let cached = Cached::of(request, &self.manager);
        self.answer_refusal(cached, request, response);
        response::carry(response, &cached.request_login.finish());
    }
}

/// Answers what came from another site.
#[derive(Clone)]
struct RefuseCrossSite;

#[rocket::async_trait]
impl Handler for RefuseCrossSite {
    async fn handle<'r>(&self, _: &'r Request<'_>, _: Data<'r>) -> Outcome<'r> {
        Outcome::Success(response::plain(Status::Forbidden, Answer::CROSS_SITE))
    }
}
