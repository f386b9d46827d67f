//! The application's own answers to refused requests.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use crate::answer::{Answer, Refusal};
use crate::login::handle::Login;
use crate::request::view::Request;
use crate::user::User;

/// The application's own answers to refused requests, in the adapter's response type `R`. The
/// nearest comes first.
pub struct RefusalHandlers<R>(Arc<Vec<(Refusal, Handler<R>)>>);

type Handler<R> = Arc<dyn Fn(&Request, Refused<'_, R>) -> Option<R> + Send + Sync>;

/// A refused request, as a handler of the application gets it. `R` is the framework's response
/// type.
pub struct Refused<'r, R> {
    refusal: Refusal,
    respond: &'r dyn Fn() -> R,
}

impl<R> fmt::Debug for Refused<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({:?})", self.refusal)
    }
}

impl<R> Refused<'_, R> {
    /// Why the request is refused.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The library's own answer, of which a handler may change a part: a redirect, or 401 or
    /// 403. Only if a handler calls this is the message flashed and `next` stored.
    #[must_use]
    pub fn into_response(self) -> R {
        (self.respond)()
    }
}

impl<R> Default for RefusalHandlers<R> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<R> Clone for RefusalHandlers<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> fmt::Debug for RefusalHandlers<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(refusal, _)| refusal)).finish()
    }
}

impl<R> RefusalHandlers<R> {
    /// Adds a handler that is nearer than all before. If it returns `None`, the next one is
    /// asked. Clones that were made before do not have it.
    #[must_use]
    pub fn with<F>(mut self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_, R>) -> Option<R> + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.0).insert(0, (refusal, Arc::new(handler)));
        self
    }

    /// Whether there is no handler.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These handlers, and then those further out. What both have keeps its place further out.
    #[must_use]
    pub fn inside(&self, outer: &Self) -> Self {
        if Arc::ptr_eq(&self.0, &outer.0) || self.0.is_empty() {
            return outer.clone();
        }
        let is_new = |handler: &Handler<R>| !outer.0.iter().any(|(_, other)| Arc::ptr_eq(other, handler));
        let own = self.0.iter().filter(|(_, handler)| is_new(handler));
        Self(Arc::new(own.chain(outer.0.iter()).cloned().collect()))
    }

    /// Refuses a request, and notifies the listeners. The nearest handler that does not decline
    /// makes the response: one of `guard`, or else one of these. Otherwise `convert` makes it of
    /// the library's answer.
    pub fn refuse<U: User>(
        &self,
        guard: Option<&Self>,
        login: &Login<U>,
        refusal: Refusal,
        convert: impl Fn(Answer) -> R,
    ) -> R {
        login.notify_refused(refusal);
        // A handler may ask for the library's answer and then decline. It is made once.
        let library = OnceCell::new();
        let respond = || convert(library.get_or_init(|| login.answer_refused(refusal)).clone());
        self.own_response(guard, login.request(), refusal, &respond).unwrap_or_else(respond)
    }

    /// Like [`refuse`](Self::refuse), but `None` if no handler makes the response.
    pub fn refuse_by_handler<U: User>(
        &self,
        guard: Option<&Self>,
        login: &Login<U>,
        refusal: Refusal,
        convert: impl Fn(Answer) -> R,
    ) -> Option<R> {
        login.notify_refused(refusal);
        self.own_response(guard, login.request(), refusal, &|| convert(login.answer_refused(refusal)))
    }

    /// The response of the nearest handler that does not decline. `respond` makes the library's.
    pub(crate) fn own_response(
        &self,
        guard: Option<&Self>,
        request: &Request,
        refusal: Refusal,
        respond: &dyn Fn() -> R,
    ) -> Option<R> {
        let all = guard.into_iter().chain([self]).flat_map(|handlers| handlers.0.iter());
        let mut own = all.filter(|(each, _)| *each == refusal).map(|(_, handler)| handler);
        own.find_map(|handler| handler(request, Refused { refusal, respond }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Handlers = RefusalHandlers<String>;

    fn handler(name: &'static str) -> impl Fn(&Request, Refused<'_, String>) -> Option<String> + Send + Sync {
        move |request, refused| match request.path() {
            "/declined" => None,
            _ => Some(format!("{name} for {}", refused.into_response())),
        }
    }

    fn answer(handlers: &Handlers, guard: Option<&Handlers>, path: &str, refusal: Refusal) -> (String, u32) {
        let asked = std::cell::Cell::new(0);
        let respond = || {
            asked.set(asked.get() + 1);
            "401".to_owned()
        };
        let own = handlers.own_response(guard, &Request::new("GET", path), refusal, &respond);
        (own.unwrap_or_else(|| "none".to_owned()), asked.get())
    }

    #[test]
    fn the_nearest_handler_that_does_not_decline_answers() {
        let outer = Handlers::default().with(Refusal::Unauthorized, handler("manager"));
        let layer = outer
            .clone()
            .with(Refusal::Unauthorized, |request, _| (request.path() == "/layer").then(|| "layer".to_owned()));
        let guard = Handlers::default()
            .with(Refusal::Unauthorized, |request, _| (request.path() == "/guard").then(|| "guard".to_owned()));
        let by = |path: &str| answer(&layer, Some(&guard), path, Refusal::Unauthorized);
        assert_eq!(by("/guard"), ("guard".to_owned(), 0));
        assert_eq!(by("/layer"), ("layer".to_owned(), 0));
        assert_eq!(by("/"), ("manager for 401".to_owned(), 1));
        assert_eq!(by("/declined"), ("none".to_owned(), 0));
        assert_eq!(answer(&layer, Some(&guard), "/", Refusal::Forbidden), ("none".to_owned(), 0));
        assert_eq!(answer(&outer, None, "/layer", Refusal::Unauthorized).0, "manager for 401");
    }

    #[test]
    fn handlers_of_a_layer_within_a_layer_are_asked_once() {
        let outer = Handlers::default().with(Refusal::Unauthorized, handler("manager"));
        let inner = outer.clone().with(Refusal::Forbidden, handler("inner"));
        assert_eq!(inner.inside(&outer).0.len(), 2);
        assert_eq!(outer.inside(&inner).0.len(), 2);
        assert_eq!(Handlers::default().inside(&outer).0.len(), 1);
        assert_eq!(outer.inside(&outer).0.len(), 1);
        assert_eq!(answer(&inner.inside(&outer), None, "/", Refusal::Forbidden).0, "inner for 401");
        let manager = Handlers::default().with(Refusal::Unauthorized, handler("manager"));
        let around = manager.clone().with(Refusal::Unauthorized, handler("outer layer"));
        let within = manager.clone().with(Refusal::Unauthorized, handler("inner layer"));
        let by = |handlers: &Handlers| answer(handlers, None, "/", Refusal::Unauthorized).0;
        assert_eq!(by(&manager.inside(&around)), "outer layer for 401", "an inner layer without a handler of its own");
        assert_eq!(by(&within.inside(&around)), "inner layer for 401");
        let declining = manager.with(Refusal::Unauthorized, |_, _| None);
        assert_eq!(by(&declining.inside(&around)), "outer layer for 401");
    }
}
