//! What the fairing adds to a rocket and to its requests, and how guards find it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use login_core::adapter::{self, AdapterManager, Answer, RequestHead, RequestLogin, log_error_once};
use login_core::{Login as CoreLogin, User};
use rocket::http::Status;
use rocket::response::Response;
use rocket::{Phase, Request, Rocket};

use crate::error::LoginRejection;

/// A manager as this adapter keeps it.
pub(crate) type Manager<U> = AdapterManager<U, Response<'static>>;

/// The manager of an attached fairing. It is a type of its own, because an application may
/// manage a `LoginManager` as its own state.
pub(crate) struct Attached<U: User>(pub(crate) Manager<U>);

impl<U: User> Attached<U> {
    /// The manager, if its fairing is attached.
    pub(crate) fn find<P: Phase>(rocket: &Rocket<P>) -> Option<&Manager<U>> {
        rocket.state::<Self>().map(|attached| &attached.0)
    }
}

/// The login of a request, in Rocket's request-local cache.
pub(crate) struct Cached<U: User> {
    pub(crate) request_login: RequestLogin<U>,
    /// The guard around the route that is handled, if it has one.
    around: Mutex<Option<Arc<Guard<U>>>>,
}

/// A guard around routes.
pub(crate) type Guard<U> = adapter::Guard<U, Response<'static>>;

impl<U: User> Cached<U> {
    /// The login of the request, which begins when this is first called.
    pub(crate) fn of<'r>(request: &'r Request<'_>, manager: &Manager<U>) -> &'r Self {
        request.local_cache(|| Self { request_login: manager.core.begin(), around: Mutex::default() })
    }

    /// The manager and the request's login.
    ///
    /// # Errors
    /// [`LoginRejection::MissingFairing`] and [`LoginRejection::CrossSite`].
    pub(crate) fn find<'r>(request: &'r Request<'_>) -> Result<(&'r Manager<U>, &'r Self), LoginRejection> {
        let missing = || LoginRejection::MissingFairing { user: std::any::type_name::<U>() };
        let manager = Attached::find(request.rocket()).ok_or_else(missing)?;
        // The request was to be answered by the fairing's own route, and it is here all the same.
        if CrossSite::of(request).is_pending() {
            return Err(LoginRejection::CrossSite);
        }
        Ok((manager, Self::of(request, manager)))
    }

    /// Sets the guard around the route that is handled from now on.
    pub(crate) fn set_around(&self, guard: Option<Arc<Guard<U>>>) {
        *self.around.lock().unwrap_or_else(PoisonError::into_inner) = guard;
    }

    pub(crate) fn around(&self) -> Option<Arc<Guard<U>>> {
        self.around.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Accesses the login with a copy of the whole request.
    pub(crate) fn access(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.access(|| login_core::Request::from_head(&Head(request)))
    }

    /// Accesses the login for a guard that only needs the user.
    pub(crate) fn access_user(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.access_user(&Head(request))
    }
}

/// A cross-site request that is refused and not answered yet, in Rocket's request-local cache.
#[derive(Default)]
pub(crate) struct CrossSite(Mutex<Option<RefusedCrossSite>>);

pub(crate) struct RefusedCrossSite {
    /// The path that the client asked for.
    pub(crate) path: String,
    /// The response of the application's own handler.
    pub(crate) own: Option<Response<'static>>,
    pub(crate) answer: Answer,
}

impl CrossSite {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    pub(crate) fn set(&self, refused: RefusedCrossSite) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
    }

    pub(crate) fn take(&self) -> Option<RefusedCrossSite> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_pending(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// The status and the error of a guard that failed. A mistake in the program is logged.
pub(crate) fn failed(error: LoginRejection) -> (Status, LoginRejection) {
    match error {
        LoginRejection::MissingFairing { .. } | LoginRejection::AnotherFairing { .. } | LoginRejection::CrossSite => {
            log_error_once(&error.to_string());
        }
        LoginRejection::Load(_) => {}
    }
    let status =
        if matches!(error, LoginRejection::CrossSite) { Status::Forbidden } else { Status::InternalServerError };
    (status, error)
}

/// A request as the core reads it. Rocket has already dropped headers that are not UTF-8.
pub(crate) struct Head<'a, 'r>(pub(crate) &'a Request<'r>);

impl Head<'_, '_> {
    /// The cookies of the request's jar, if the request has no Cookie header. Only a local
    /// client makes such a request, in tests: with `Client::tracked`, `.cookie()` or
    /// `.private_cookie()`.
    ///
    /// With a header, the jar does not count: Rocket decodes the names in it, so that a
    /// cookie `%5F_Host-session` of another host would pass as `__Host-session`.
    fn local_cookies(&self) -> Option<String> {
        if self.0.headers().contains("cookie") {
            return None;
        }
        let pairs: Vec<String> =
            self.0.cookies().iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl RequestHead for Head<'_, '_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn target(&self) -> Cow<'_, str> {
        self.0.uri().to_string().into()
    }

    fn for_each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        for header in self.0.headers().iter() {
            visit(header.name.as_str(), header.value.as_bytes());
        }
        if let Some(cookies) = self.local_cookies() {
            visit("cookie", cookies.as_bytes());
        }
    }

    fn lines(&self, name: &'static str) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let local = if name == "cookie" { self.local_cookies() } else { None };
        let sent = self.0.headers().get(name).map(|value| value.as_bytes().into());
        sent.chain(local.map(|cookies| cookies.into_bytes().into()))
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
