//! The settings of the request loader, as methods of the builder.

use std::sync::Arc;

use crate::login::closures::IntoRequestLoader;
use crate::manager::builder::{BuiltManager, LoginManagerBuilder};
use crate::user::User;

impl<U: User, M: BuiltManager<U>> LoginManagerBuilder<U, M> {
    /// Finds users by the request itself, such as by an API token, if it has no login and no
    /// remember cookie (Flask-Login's `request_loader`). See
    /// [`RequestLoader`](crate::RequestLoader).
    ///
    /// The user is logged in for every guard of the application. If tokens are only for an API,
    /// the loader looks at [`Request::path`](crate::Request::path), and finds no one elsewhere.
    ///
    /// ```
    /// # use login_core::{LoginManagerBuilder, Request, User};
    /// # struct Account;
    /// # impl User for Account {
    /// #     type Id = i64;
    /// #     fn id(&self) -> i64 { 1 }
    /// #     fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> { Default::default() }
    /// # }
    /// # #[derive(Clone)] struct Tokens;
    /// # impl Tokens {
    /// #     async fn user(&self, token: &str) -> Result<Option<Account>, std::io::Error> { Ok(None) }
    /// # }
    /// # fn f(builder: LoginManagerBuilder<Account>, tokens: Tokens) -> LoginManagerBuilder<Account> {
    /// builder.request_loader(move |request: Request| {
    ///     let tokens = tokens.clone();
    ///     async move {
    ///         match request.bearer_token() {
    ///             Some(token) => tokens.user(token).await,
    ///             None => Ok(None),
    ///         }
    ///     }
    /// })
    /// # }
    /// ```
    pub fn request_loader<Marker>(mut self, loader: impl IntoRequestLoader<U, Marker>) -> Self {
        self.request_loader = Some(Arc::new(loader.into_request_loader()));
        self
    }

    /// Asks the request loader before session and remember cookie: explicit credentials win over
    /// cookies. By default, cookies win.
    ///
    /// If the loader finds no user and the request has an `Authorization` header, no user is
    /// logged in: a token that has expired does not turn into the login of a cookie. Without that
    /// header, the cookies count, also if the loader looked at credentials elsewhere and they were
    /// wrong. Behind a proxy that passes on its own `Authorization`, cookies never count.
    ///
    /// The session is still that of the cookie: its data, messages and `next`. A logout ends it.
    pub fn request_loader_first(mut self) -> Self {
        self.config.request_loader_first = true;
        self
    }

    /// Lets the request loader read a posted form: [`Request::form_value`](crate::Request::form_value).
    ///
    /// For this, the layer or middleware reads url-encoded bodies of up to 64 KiB before the
    /// handler runs, of all requests. The handler gets the whole body all the same. The loader
    /// sees no form if the body is larger (on Rocket: than 512 bytes, which is how much Rocket
    /// lets a fairing read), or of another type.
    ///
    /// A client decides how fast it sends a body, and a guard answers only after it. So limit the
    /// time outside of the layer, or in the proxy in front.
    ///
    /// Only the request loader sees the form: not a handler, and not a listener.
    pub fn request_loader_reads_forms(mut self) -> Self {
        self.config.reads_forms = true;
        self
    }
}
