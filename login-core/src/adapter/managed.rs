//! A manager as an adapter keeps it.

use crate::answer::{Answer, Refusal};
use crate::manager::builder::{BuiltManager, TakesHandlers};
use crate::manager::login_manager::LoginManager;
use crate::manager::refusal_handlers::{RefusalHandlers, Refused};
use crate::request::head::RequestHead;
use crate::request::view::Request;
use crate::user::User;

/// A login manager together with the application's own answers to refused requests, in the
/// adapter's response type `R`.
pub struct AdapterManager<U: User, R> {
    /// The core's manager.
    pub core: LoginManager<U>,
    /// The application's own answers.
    pub handlers: RefusalHandlers<R>,
}

impl<U: User, R> Clone for AdapterManager<U, R> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), handlers: self.handlers.clone() }
    }
}

impl<U: User, R> std::fmt::Debug for AdapterManager<U, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdapterManager(..)")
    }
}

impl<U: User, R> BuiltManager<U> for AdapterManager<U, R> {
    type Response = R;

    fn from_parts(core: LoginManager<U>, handlers: RefusalHandlers<R>) -> Self {
        Self { core, handlers }
    }
}

impl<U: User, R> TakesHandlers<U> for AdapterManager<U, R> {}

impl<U: User, R> AdapterManager<U, R> {
    /// Adds the application's own answer to a refusal. Clones that were made before do not have
    /// it.
    #[must_use]
    pub fn with_handler<F>(self, refusal: Refusal, handler: F) -> Self
    where
        F: Fn(&Request, Refused<'_, R>) -> Option<R> + Send + Sync + 'static,
    {
        Self { handlers: self.handlers.with(refusal, handler), ..self }
    }

    /// The response to a request that another site's page sent and that may change something.
    /// Such a request must not reach its handler. `None` for any other request.
    pub fn refuse_cross_site(&self, head: &impl RequestHead, convert: impl Fn(Answer) -> R) -> Option<R> {
        let (own, answer) = self.refuse_cross_site_by_handler(head, &convert)?;
        Some(own.unwrap_or_else(|| convert(answer)))
    }

    /// Like [`refuse_cross_site`](Self::refuse_cross_site): the response of a handler, if one
    /// makes it, and the library's answer.
    pub fn refuse_cross_site_by_handler(
        &self,
        head: &impl RequestHead,
        convert: impl Fn(Answer) -> R,
    ) -> Option<(Option<R>, Answer)> {
        let (request, answer) = self.core.refuse_cross_site_head(head)?;
        let respond = || convert(answer.clone());
        let own = self.handlers.own_response(None, &request, Refusal::CrossSite, &respond);
        Some((own, answer))
    }
}
