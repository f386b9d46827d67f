//! What the fairing adds to a rocket and to its requests, and how guards find it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use login_core::adapter::{AdapterManager, RequestHead, RequestLogin};
use login_core::{Login as CoreLogin, Refusal, User};
use rocket::response::Response;
use rocket::{Phase, Request, Rocket};

/// The manager of an attached fairing. It is a type of its own, because an application may
/// manage a `LoginManager` as its own state.
pub(crate) struct Attached<U: User>(pub(crate) AdapterManager<U, Response<'static>>);

impl<U: User> Attached<U> {
    /// The manager, if its fairing is attached.
    pub(crate) fn find<P: Phase>(rocket: &Rocket<P>) -> Option<&AdapterManager<U, Response<'static>>> {
        rocket.state::<Self>().map(|attached| &attached.0)
    }
}

/// The login of a request, in Rocket's request-local cache.
pub(crate) struct Cached<U: User> {
    pub(crate) request_login: RequestLogin<U>,
    refusal: Mutex<Option<RecordedRefusal>>,
}

/// A refusal, and the route whose guard refused.
pub(crate) struct RecordedRefusal {
    pub(crate) refusal: Refusal,
    pub(crate) route: Option<RouteId>,
}

/// Identifies a route by its address in the router, where it does not move.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteId(usize);

impl RouteId {
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        request.route().map(|route| Self(std::ptr::from_ref(route).addr()))
    }
}

impl<U: User> Cached<U> {
    /// The login of the request, which begins when this is first called.
    pub(crate) fn of<'r>(request: &'r Request<'_>, manager: &AdapterManager<U, Response<'static>>) -> &'r Self {
        request.local_cache(|| Self { request_login: manager.core.begin(), refusal: Mutex::new(None) })
    }

    /// Accesses the login with a copy of the whole request.
    pub(crate) fn access(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.access(|| login_core::Request::from_head(&Head(request)))
    }

    /// Accesses the login for a guard that only needs the user.
    pub(crate) fn access_user(&self, request: &Request<'_>) -> CoreLogin<U> {
        self.request_login.access_user(&Head(request))
    }

    /// Records why a guard refused. The fairing answers it in the response phase.
    pub(crate) fn record(&self, refusal: Refusal, request: &Request<'_>) {
        let recorded = RecordedRefusal { refusal, route: RouteId::of(request) };
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorded);
    }

    pub(crate) fn take_refusal(&self) -> Option<RecordedRefusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A request as the core reads it. Rocket has already dropped headers that are not UTF-8.
pub(crate) struct Head<'a, 'r>(pub(crate) &'a Request<'r>);

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
    }

    fn for_each_line(&self, name: &'static str, mut visit: impl FnMut(&[u8])) {
        self.0.headers().get(name).for_each(|value| visit(value.as_bytes()));
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
