//! The application's own answers to refused requests.

use std::sync::Arc;

use crate::answer::{Answer, Refusal};
use crate::login::handle::Login;
use crate::request::view::Request;
use crate::user::User;

/// The application's own answers to refused requests, in the adapter's response type `R`.
pub struct RefusalHandlers<R> {
    unauthorized: Option<Handler<R>>,
    needs_refresh: Option<Handler<R>>,
}

type Handler<R> = Arc<dyn Fn(&Request) -> R + Send + Sync>;

impl<R> Default for RefusalHandlers<R> {
    fn default() -> Self {
        Self { unauthorized: None, needs_refresh: None }
    }
}

impl<R> Clone for RefusalHandlers<R> {
    fn clone(&self) -> Self {
        Self { unauthorized: self.unauthorized.clone(), needs_refresh: self.needs_refresh.clone() }
    }
}

impl<R> std::fmt::Debug for RefusalHandlers<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefusalHandlers(..)")
    }
}

impl<R> RefusalHandlers<R> {
    /// Sets the handler for a refusal. It replaces the one that was set before.
    pub fn set(&mut self, refusal: Refusal, handler: impl Fn(&Request) -> R + Send + Sync + 'static) {
        let handler: Option<Handler<R>> = Some(Arc::new(handler));
        match refusal {
            Refusal::Unauthorized => self.unauthorized = handler,
            Refusal::NeedsRefresh => self.needs_refresh = handler,
        }
    }

    /// Refuses the request. The application's handler makes the response, or else `convert`
    /// does from the library's answer.
    pub fn refuse<U: User>(&self, login: &Login<U>, refusal: Refusal, convert: impl FnOnce(Answer) -> R) -> R {
        let handler = match refusal {
            Refusal::Unauthorized => &self.unauthorized,
            Refusal::NeedsRefresh => &self.needs_refresh,
        };
        match handler {
            Some(handler) => {
                login.notify_refused(refusal);
                handler(login.request())
            }
            None => convert(login.refuse(refusal)),
        }
    }
}
