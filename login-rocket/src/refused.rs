//! Refused requests: a guard records the refusal and forwards, and a catcher answers it.
//!
//! A forward that no other route answers ends at the catchers with the status of the last
//! forward. Guards forward with a status of their own, so that their refusals are told apart
//! from a handler's own 401 or 403, which stands.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use login_core::{Refusal, User};
use rocket::catcher::{self, BoxFuture, Catcher};
use rocket::http::Status;
use rocket::response::{self, Response};
use rocket::{Build, Orbit, Request, Rocket};

use crate::attached::{Cached, Guard};
use crate::response::from_answer;

/// The status with which guards forward. No response has it.
pub(crate) const REFUSED: Status = Status { code: 599 };

/// The last refusal of a request, in Rocket's request-local cache.
#[derive(Default)]
struct Recorded(Mutex<Option<Record>>);

/// A refusal, and the route whose guard refused.
struct Record {
    route: RouteId,
    refused: Box<dyn Refused>,
}

/// A refused request, whatever its user type.
trait Refused: Send + Sync {
    fn refusal(&self) -> Refusal;

    /// Notifies the listeners. Returns the response of the application's handler.
    fn by_handler(&self, request: &Request<'_>) -> Option<Response<'static>>;

    /// Whether the client can use the page of a catcher.
    fn can_be_caught(&self, request: &Request<'_>) -> bool;

    /// Whether the client prefers JSON to a page.
    fn prefers_json(&self, request: &Request<'_>) -> bool;

    /// The library's own response.
    fn by_library(&self, request: &Request<'_>) -> Option<Response<'static>>;
}

/// A request that a guard refused. A guard around routes has handlers of its own.
struct RefusedBy<U: User> {
    guard: Option<Arc<Guard<U>>>,
    refusal: Refusal,
}

impl<U: User> Refused for RefusedBy<U> {
    fn refusal(&self) -> Refusal {
        self.refusal
    }

    fn by_handler(&self, request: &Request<'_>) -> Option<Response<'static>> {
        let (manager, cached) = Cached::<U>::find(request).ok()?;
        let guard = self.guard.as_deref().map(Guard::handlers);
        manager.handlers.refuse_by_handler(guard, &cached.access(request), self.refusal, from_answer)
    }

    fn can_be_caught(&self, request: &Request<'_>) -> bool {
        Cached::<U>::find(request).is_ok_and(|(_, cached)| !cached.access(request).is_grpc())
    }

    fn prefers_json(&self, request: &Request<'_>) -> bool {
        Cached::<U>::find(request).is_ok_and(|(_, cached)| cached.access(request).prefers_json())
    }

    fn by_library(&self, request: &Request<'_>) -> Option<Response<'static>> {
        let (_, cached) = Cached::<U>::find(request).ok()?;
        Some(from_answer(cached.access(request).answer_refused(self.refusal)))
    }
}

/// Identifies a route by its address in the router, where it does not move.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RouteId(usize);

impl RouteId {
    fn of(request: &Request<'_>) -> Option<Self> {
        request.route().map(|route| Self(std::ptr::from_ref(route).addr()))
    }
}

impl Recorded {
    fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    fn take(&self) -> Option<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Records that a guard refused the request, and returns the status to forward with. A fairing
/// may ask a guard before the request is routed; that refuses nothing.
pub(crate) fn record<U: User>(request: &Request<'_>, guard: Option<Arc<Guard<U>>>, refusal: Refusal) -> Status {
    let Some(route) = RouteId::of(request) else { return Status::new(refusal.status()) };
    let guard = guard.or_else(|| Cached::<U>::find(request).ok()?.1.around());
    let record = Record { route, refused: Box::new(RefusedBy { guard, refusal }) };
    *Recorded::of(request).0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
    REFUSED
}

impl Record {
    /// The answer: of the application's own handler, or of its catcher, or of the library. A
    /// default catcher is not asked for a 401, because it knows nothing of the login view, nor if
    /// the client prefers JSON, because it makes a page.
    async fn answer<'r>(self, request: &'r Request<'_>) -> response::Result<'r> {
        let Self { refused, .. } = self;
        if let Some(response) = refused.by_handler(request) {
            return Ok(response);
        }
        let status = Status::new(refused.refusal().status());
        let path = request.uri().path();
        let or_default = status != Status::Unauthorized && !refused.prefers_json(request);
        let caught = catcher(request.rocket(), path.as_str(), status, or_default);
        match caught.filter(|_| refused.can_be_caught(request)) {
            Some(catcher) => catcher.handler.handle(status, request).await,
            None => refused.by_library(request).ok_or(Status::InternalServerError),
        }
    }
}

/// The answer to a refusal that no route has answered, although the last one forwarded with
/// another status: a file server has no such file, a guard of the application does not find
/// something, a parameter does not parse. A handler's own answer stands.
pub(crate) async fn answer_overlooked<'r>(
    request: &'r Request<'_>,
    response: &mut Response<'r>,
) -> Option<response::Result<'r>> {
    let is_forward = match response.status().code {
        // A default catcher below a longer path goes before the catcher of refusals.
        code if code == REFUSED.code => return Some(Recorded::of(request).take()?.answer(request).await),
        404 => true,
        // A handler that reads a body may answer 422 itself.
        422 => !request.method().supports_payload(),
        _ => false,
    };
    if !is_forward {
        return None;
    }
    match Recorded::of(request).take().filter(|record| Some(record.route) != RouteId::of(request)) {
        Some(record) if is_of_catcher(request, response).await => Some(record.answer(request).await),
        Some(_) | None => None,
    }
}

/// Whether a catcher made the response, and no handler.
async fn is_of_catcher<'r>(request: &'r Request<'_>, response: &mut Response<'r>) -> bool {
    let status = response.status();
    let default = Catcher::default();
    let own = catcher(request.rocket(), request.uri().path().as_str(), status, true);
    let Ok(mut expected) = own.unwrap_or(&default).handler.handle(status, request).await else { return false };
    let size = response.body().preset_size();
    if size.is_none() || size != expected.body().preset_size() {
        return false;
    }
    let (Ok(body), Ok(caught)) = (response.body_mut().to_bytes().await, expected.body_mut().to_bytes().await) else {
        return false;
    };
    let is_same = body == caught;
    response.set_sized_body(body.len(), Cursor::new(body));
    is_same
}

/// Whether the response is a 500 that a guard's failure caused, and not the answer of a handler or
/// of the application's catcher of 500.
pub(crate) async fn is_default_500<'r>(request: &'r Request<'_>, response: &mut Response<'r>) -> bool {
    let path = request.uri().path();
    response.status() == Status::InternalServerError
        && catcher(request.rocket(), path.as_str(), Status::InternalServerError, false).is_none()
        && is_of_catcher(request, response).await
}

/// The application's catcher of this status for a path, as Rocket would choose it. With
/// `or_default`, a default catcher counts too.
pub(crate) fn catcher<'r>(
    rocket: &'r Rocket<Orbit>,
    path: &str,
    status: Status,
    or_default: bool,
) -> Option<&'r Catcher> {
    let is_around = |catcher: &&Catcher| {
        let base = catcher.base.path();
        let rest = path.strip_prefix(base.as_str().trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let has_code = |catcher: &&Catcher| catcher.code == Some(status.code) || (or_default && catcher.code.is_none());
    let all = rocket.catchers().filter(has_code).filter(is_around);
    all.max_by_key(|catcher| (catcher.base.path().segments().len(), catcher.code.is_some()))
}

/// Adds the catcher that answers refusals, unless the fairing of another manager has. Below the
/// path of a default catcher it needs one of its own, because Rocket prefers the longer path.
pub(crate) fn register(rocket: Rocket<Build>) -> Rocket<Build> {
    if rocket.catchers().any(|catcher| catcher.code == Some(REFUSED.code)) {
        return rocket;
    }
    let defaults = rocket.catchers().filter(|catcher| catcher.code.is_none()).map(|catcher| catcher.base.to_string());
    let bases: BTreeSet<String> = defaults.chain(["/".to_owned()]).collect();
    bases
        .into_iter()
        .fold(rocket, |rocket, base| rocket.register(base, vec![Catcher::new(REFUSED.code, answer_recorded)]))
}

fn answer_recorded<'r>(_: Status, request: &'r Request<'_>) -> BoxFuture<'r, catcher::Result<'r>> {
    Box::pin(async move {
        match Recorded::of(request).take() {
            Some(record) => record.answer(request).await,
            None => Err(Status::InternalServerError),
        }
    })
}
