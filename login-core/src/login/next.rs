//! `next`: the page to which a client returns after the login.

use crate::login::handle::Login;
use crate::login::setup::Warning;
use crate::request::client;
use crate::request::redirect;
use crate::request::url::{self, Origin};
use crate::session::content::NEXT;
use crate::session::transitions::Change;
use crate::user::User;

/// The longest `next` that a refusal makes, in bytes. It stands in a header, percent-encoded, or
/// in the session cookie.
const MAX_NEXT: usize = 2048;

impl<U: User> Login<U> {
    /// The page that the client asked for before it was redirected to the login view. It
    /// comes from the request's query, or from the session with
    /// [`use_session_for_next`](crate::LoginManagerBuilder::use_session_for_next), which
    /// removes it there.
    ///
    /// `None` if there is none, or if it is not on this site. See
    /// [`is_safe_redirect`](Self::is_safe_redirect).
    #[must_use]
    pub fn next_url(&self) -> Option<String> {
        let request = self.0.request();
        let next = if self.0.setup.config.session_for_next {
            let mut state = self.0.state();
            let json = state.session.data.get(NEXT).filter(|_| !state.response_begun).map(str::to_owned);
            if let Some(json) = &json {
                state.change(Change::TakeNext(json.clone()));
            }
            json.and_then(|json| serde_json::from_str(&json).ok())
        } else {
            request.query_value("next")
        };
        next.filter(|next: &String| self.is_safe_redirect(next)).map(|next| redirect::to_location(&next))
    }

    /// The redirect target at the end of a login handler: [`next_url`](Self::next_url), or
    /// else `fallback`, as the value of a Location header. See
    /// [`redirect_target`](Self::redirect_target).
    #[must_use]
    pub fn next_or(&self, fallback: &str) -> String {
        self.next_url().unwrap_or_else(|| self.fallback(fallback))
    }

    /// The target of a redirect to an address that the client chose, such as a `next` in a form,
    /// as the value of a Location header. If it is not on this site (see
    /// [`is_safe_redirect`](Self::is_safe_redirect)), it is `fallback`.
    ///
    /// A fallback that is a path is below the
    /// [`base_path`](crate::LoginManagerBuilder::base_path). One that is not on this site is a
    /// mistake in the program: it is logged, and `/` takes its place.
    #[must_use]
    pub fn redirect_target(&self, address: &str, fallback: &str) -> String {
        if self.is_safe_redirect(address) { redirect::to_location(address) } else { self.fallback(fallback) }
    }

    fn fallback(&self, fallback: &str) -> String {
        let base = &*self.0.setup.config.base_path;
        if !self.is_safe_redirect(fallback) {
            let message = format_args!("the fallback of a redirect is not on this site: use a path such as \"/\"");
            self.0.setup.warn_once(Warning::UnsafeFallback, message);
            return format!("{base}/");
        }
        let base = if fallback.starts_with('/') { base } else { "" };
        redirect::to_location(&format!("{base}{fallback}"))
    }

    /// Whether a redirect to `url` stays on this site in every browser. It must be a path
    /// that begins with exactly one slash, or a complete URL with this request's scheme and
    /// host, and contain no backslash or control character.
    #[must_use]
    pub fn is_safe_redirect(&self, url: &str) -> bool {
        redirect::is_same_site(url, client::origin(self.0.request(), self.0.setup.config.proxies))
    }

    /// `next` for a refused navigation. `view` is the login view. Only a page can be asked for
    /// again: instead of a form that was posted, `next` is the page with the form. `None` if
    /// there is no such page, or if its address is too long.
    pub(crate) fn next_for(&self, view: &str, here: Origin<'_>) -> Option<String> {
        let (request, base) = (self.0.request(), &*self.0.setup.config.base_path);
        let page = match request.method() {
            "GET" | "HEAD" => format!("{base}{}", request.target()),
            _ => self.page_of_form(view, here)?,
        };
        let next = redirect::next_param(view, here, &page);
        (next.len() <= MAX_NEXT).then_some(next)
    }

    /// Path and query of the page with the form that was posted, if the `Referer` names a page
    /// of this very origin other than the login view.
    fn page_of_form(&self, view: &str, here: Origin<'_>) -> Option<String> {
        let referer = self.0.request().header("referer")?;
        let parts = url::split(referer);
        let is_here = parts.scheme.is_some() && parts.authority.is_some() && here.is(&parts);
        if !is_here || !redirect::is_same_site(referer, here) {
            return None;
        }
        let path = if parts.path.is_empty() { "/" } else { parts.path };
        if self.is_at(view, here, path, parts.query) {
            return None;
        }
        Some(parts.query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
    }

    /// Whether the client asked for the login view itself, so that a redirect to it would never
    /// end.
    pub(crate) fn asked_for(&self, view: &str, here: Origin<'_>) -> bool {
        let request = self.0.request();
        let path = format!("{}{}", self.0.setup.config.base_path, request.path());
        self.is_at(view, here, &path, request.query())
    }

    /// Whether a path and query are those of a view. They may have more parameters, such as
    /// `next`.
    fn is_at(&self, view: &str, here: Origin<'_>, path: &str, query: Option<&str>) -> bool {
        let parts = url::split(view);
        let base = if parts.authority.is_none() { &*self.0.setup.config.base_path } else { "" };
        // As a browser sends it.
        let sent = |path: &str| redirect::to_location(path.trim_end_matches('/'));
        let is_path = path.strip_prefix(base).is_some_and(|path| sent(path) == sent(parts.path));
        // A proxy may hide that this site has HTTPS.
        let is_here = |host| here.has_host(parts.scheme.unwrap_or(here.scheme), host);
        let pairs = |query: Option<&'_ str>| url::query_pairs(query.unwrap_or_default()).collect::<Vec<_>>();
        let present = pairs(query);
        parts.authority.is_none_or(is_here) && is_path && pairs(parts.query).iter().all(|pair| present.contains(pair))
    }
}
