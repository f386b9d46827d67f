//! The login of one request, as an adapter or a custom server keeps it.

use std::sync::Arc;

use crate::config::settings::SessionProtection;
use crate::login::handle::Login;
use crate::login::setup::Setup;
use crate::login::shared::Shared;
use crate::request::head::RequestHead;
use crate::request::view::Request;
use crate::user::User;

/// The login of one request. An adapter keeps it until the response is ready.
///
/// Clones are the same login.
pub struct RequestLogin<U: User>(pub(crate) Arc<Shared<U>>);

impl<U: User> Clone for RequestLogin<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: User> std::fmt::Debug for RequestLogin<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLogin(..)")
    }
}

impl<U: User> RequestLogin<U> {
    pub(crate) fn new(setup: Arc<Setup<U>>) -> Self {
        Self(Arc::new(Shared::new(setup)))
    }

    /// Stores the request without accessing the login. See
    /// [`needs_request`](crate::LoginManager::needs_request).
    pub fn store_request(&self, request: impl FnOnce() -> Request) {
        self.0.store_request(request);
    }

    /// Like [`store_request`](Self::store_request), but copies only what identifies the
    /// client.
    pub fn store_client(&self, head: &impl RequestHead) {
        // Only the cookies matter without an access, so X-Forwarded-For is not needed.
        self.0.state().client = Request::client_from(head, false);
    }

    /// Stores the form that the request posts, before anything accesses the login: the body as it
    /// came. See [`reads_form`](crate::LoginManager::reads_form).
    pub fn store_form(&self, body: impl Into<Vec<u8>>) {
        self.0.state().form = Some(Arc::new(body.into()));
    }

    /// Accesses the login: reads the session the first time. From then on the response
    /// varies by cookie.
    pub fn access(&self, request: impl FnOnce() -> Request) -> Login<U> {
        self.0.store_request(request);
        let shared = &*self.0;
        let is_foreign = || shared.is_foreign(shared.request());
        shared.access(|| None, is_foreign);
        Login(Arc::clone(&self.0))
    }

    /// Like [`access`](Self::access), for a guard that only needs the user and does not
    /// pass the login on. It copies what identifies the client, or nothing if the session says all.
    /// To refuse the request, call [`access`](Self::access), which copies the rest.
    pub fn access_user(&self, head: &impl RequestHead) -> Login<U> {
        let setup = &self.0.setup;
        // Listeners and the request loader get the whole request. A store that fails at the end is
        // answered in the client's own kind.
        if setup.has_request_loader || !setup.listeners.is_empty() || setup.is_store() {
            return self.access(|| Request::from_head(head));
        }
        self.0.access_in_place(head);
        Login(Arc::clone(&self.0))
    }

    /// Whether the peer's address matters. An adapter that does not get the address should
    /// log this once.
    #[must_use]
    pub fn uses_peer_address(&self) -> bool {
        let config = &self.0.setup.config;
        config.protection != SessionProtection::Off && config.proxies.trusted == 0
    }
}
