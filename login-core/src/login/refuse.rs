//! How a refused request is answered.

use crate::answer::{Answer, BEARER_CHALLENGE, CHALLENGE, Kind, Refusal};
use crate::config::settings::Message;
use crate::error::{LoadError, LoginError};
use crate::log;
use crate::login::event::EventKind;
use crate::login::handle::{Limit, Login};
use crate::login::setup::{Setup, Warning};
use crate::request::client;
use crate::request::redirect;
use crate::session::content::NEXT;
use crate::session::transitions::Change;
use crate::user::User;

impl<U: User> Setup<U> {
    /// The answer to a refused request that is not redirected.
    pub(crate) fn refused(&self, refusal: Refusal, kind: Kind) -> Answer {
        let default = if self.has_request_loader { BEARER_CHALLENGE } else { CHALLENGE };
        Answer::refused(refusal, kind, self.config.challenge.as_deref().unwrap_or(default))
    }
}

impl<U: User> Login<U> {
    /// Refuses the request: notifies the listeners, and returns the
    /// [answer](Self::answer_refused).
    pub fn refuse(&self, refusal: Refusal) -> Answer {
        self.notify_refused(refusal);
        self.answer_refused(refusal)
    }

    /// The library's answer to a refused request.
    ///
    /// A navigation is redirected to the login view or the refresh view, if there is one: then
    /// the message is flashed, and `next` is the page that was asked for. Anything else gets
    /// 401 or 403 in the client's own kind.
    ///
    /// Another site's page can cause refusals, as often as it likes. So neither message nor
    /// `next` is written into the session in answer to another site's request, or if the
    /// session cookie could not be read, or if the cookie would be so large that there is no
    /// space for a login.
    pub fn answer_refused(&self, refusal: Refusal) -> Answer {
        let (setup, config) = (&self.0.setup, &self.0.setup.config);
        let request = self.0.request();
        let kind = config.kind(request);
        let (view, message) = match refusal {
            Refusal::Unauthorized => (config.login_view_for(request.path()), &config.login_message),
            Refusal::NeedsRefresh => (config.refresh_view.as_deref(), &config.needs_refresh_message),
            Refusal::Forbidden | Refusal::CrossSite => return setup.refused(refusal, kind),
        };
        let Some(view) = view.filter(|_| kind == Kind::Navigation) else { return setup.refused(refusal, kind) };
        let here = client::origin(request, config.proxies);
        if self.asked_for(view, here) {
            log::error_once(&format!(
                "the view {view} is itself guarded, or its handler refuses: a redirect to it would not end; take it out of the guard"
            ));
            return setup.refused(refusal, Kind::Other);
        }
        let next = self.next_for(view, here);
        let may_write = self.may_write_unasked();
        if may_write {
            self.flash_refusal(message);
        }
        let in_query = if config.session_for_next {
            if may_write && let Err(error) = self.replace_next(next.as_deref()) {
                let message = format_args!("the address of a refused request is not stored as `next`: {error}");
                setup.warn_once(Warning::NextNotStored, message);
            }
            None
        } else {
            next
        };
        let status = if matches!(request.method(), "GET" | "HEAD") { 302 } else { 303 };
        let location = redirect::login_url(&config.base_path, view, config.forced_host.as_deref(), in_query.as_deref());
        Answer::redirect(status, redirect::to_location(&location))
    }

    /// Whether a gRPC client sent the request, which can use no page.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        matches!(self.0.setup.config.kind(self.0.request()), Kind::Grpc(_))
    }

    /// The error of a failed load, whose answer is in the kind that the whole request asks for. A
    /// guard that copied only what identifies the client calls this after
    /// [`access`](crate::adapter::RequestLogin::access).
    #[must_use]
    pub fn answerable(&self, error: LoadError) -> LoadError {
        error.with_kind(self.0.setup.config.kind(self.0.request()))
    }

    /// The error that a handler gets of a failed load.
    pub(crate) fn load_failed(&self, error: LoadError) -> LoginError {
        LoginError::Load(self.answerable(error))
    }

    /// Whether the client prefers JSON to a page.
    #[must_use]
    pub fn prefers_json(&self) -> bool {
        self.0.setup.config.kind(self.0.request()) == Kind::Json
    }

    /// Whether a refusal may change the session. An application that has changed it in the same
    /// request writes it anyway.
    fn may_write_unasked(&self) -> bool {
        let (is_changed, is_unreadable) = {
            let state = self.0.state();
            (state.session_changed, state.session_is_unreadable)
        };
        is_changed || !(is_unreadable || self.0.is_foreign(self.0.request()))
    }

    /// Stores `next` in the session, instead of the one that an earlier refusal stored.
    fn replace_next(&self, next: Option<&str>) -> Result<(), LoginError> {
        match next {
            Some(next) => self.store_next(Limit::Refusal, next),
            None => {
                let mut state = self.0.state();
                state.for_change()?.change(Change::Remove(NEXT.to_owned()));
                Ok(())
            }
        }
    }

    fn flash_refusal(&self, message: &Message) {
        let setup = &self.0.setup;
        if message.text.is_empty() {
            return;
        }
        let localized = setup.config.localizer.as_ref().map(|localize| localize(&message.text));
        let text = localized.as_deref().unwrap_or(&message.text);
        if let Err(error) = self.flash_up_to(Limit::Refusal, &message.category, text) {
            let message = format_args!("the message for a refused request is not flashed: {error}");
            setup.warn_once(Warning::MessageNotFlashed, message);
        }
    }

    /// Notifies the listeners of a refusal that the application answers itself. Nothing is
    /// flashed or stored.
    pub fn notify_refused(&self, refusal: Refusal) {
        let user = self.0.state().user().cloned();
        let user = user.as_ref();
        self.0.notify(match refusal {
            Refusal::Unauthorized => EventKind::Unauthorized,
            Refusal::NeedsRefresh => EventKind::NeedsRefresh { user },
            Refusal::Forbidden => EventKind::Forbidden { user },
            Refusal::CrossSite => return self.0.setup.notify_cross_site(self.0.request()),
        });
    }
}
