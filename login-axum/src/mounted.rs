//! What the layer adds to a request, and how extractors and guards find it.

use axum::http::Extensions;
use axum::response::Response;
use login_core::adapter::{RefusalHandlers, RequestLogin};
use login_core::{Login as CoreLogin, Refusal, Request, User};

use crate::head::Head;
use crate::response;

/// What the layer adds to a request's extensions.
pub(crate) struct Mounted<U: User> {
    pub(crate) request_login: RequestLogin<U>,
    pub(crate) handlers: RefusalHandlers<Response>,
}

impl<U: User> Clone for Mounted<U> {
    fn clone(&self) -> Self {
        Self { request_login: self.request_login.clone(), handlers: self.handlers.clone() }
    }
}

impl<U: User> Mounted<U> {
    /// What the layer added. `None` if there is no layer around the route.
    pub(crate) fn find(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Self>()
    }

    /// Accesses the login with a copy of the whole request.
    pub(crate) fn access<'r>(&self, head: impl Into<Head<'r>>) -> CoreLogin<U> {
        let head = head.into().needing_peer(self.request_login.uses_peer_address());
        self.request_login.access(|| Request::from_head(&head))
    }

    /// Accesses the login for a guard that only needs the user.
    pub(crate) fn access_user<'r>(&self, head: impl Into<Head<'r>>) -> CoreLogin<U> {
        self.request_login.access_user(&head.into().needing_peer(self.request_login.uses_peer_address()))
    }

    /// Refuses the request. `guard` has handlers of its own.
    pub(crate) fn refuse(
        &self,
        guard: Option<&RefusalHandlers<Response>>,
        login: &CoreLogin<U>,
        refusal: Refusal,
    ) -> Response {
        self.handlers.refuse(guard, login, refusal, response::from_answer)
    }
}
