//! `CONFORMANCE_CONFIG`, and what it asks of a login manager.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use login_core::adapter::BuiltManager;
use login_core::{LoginManagerBuilder, SecretKey, SessionProtection};
use serde::Deserialize;

use crate::cookies::{RememberCookie, SessionCookie};
use crate::faults::{Faults, LoaderFaults};
use crate::store::{Kind, Store};
use crate::world::{ByRequest, Player, Players, World};

/// Which cookies are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    /// Flask's and Flask-Login's.
    Flask,
    /// The library's own.
    Native,
}

/// The configuration table of CONTRACT.md. Unknown keys are refused.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    wire: Wire,
    secret_key: String,
    secret_key_fallbacks: Vec<String>,
    session_protection: Option<Protection>,
    login_view: Option<String>,
    refresh_view: Option<String>,
    login_views: BTreeMap<String, String>,
    login_message: Option<String>,
    login_message_category: String,
    needs_refresh_message: Option<String>,
    needs_refresh_message_category: String,
    localize: bool,
    use_session_for_next: bool,
    force_host: Option<String>,
    base_path: Option<String>,
    json_below: Vec<String>,
    trusted_origins: Vec<String>,
    #[serde(alias = "absolute_lifetime_seconds")]
    login_lifetime_seconds: Option<u64>,
    idle_timeout_seconds: Option<u64>,
    store: Option<Kind>,
    store_file: Option<PathBuf>,
    max_sessions: Option<usize>,
    end_all_on_theft: bool,
    remember_cookie: RememberCookie,
    session_cookie: SessionCookie,
    /// Answer 403 and `unauthorized handler`.
    pub unauthorized_handler: bool,
    /// Answer 403 and `needs refresh handler`.
    pub needs_refresh_handler: bool,
    user_loader: bool,
    request_loader: bool,
    request_loader_first: bool,
    request_loader_reads_forms: bool,
    clear_site_data: bool,
    clock_offset_seconds: i64,
    loader_faults: LoaderFaults,
    /// The name of the anonymous user.
    pub anonymous_name: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protection {
    Basic,
    Strong,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            wire: Wire::Flask,
            secret_key: "conformance secret key, at least 32 bytes long".to_owned(),
            secret_key_fallbacks: Vec::new(),
            session_protection: Some(Protection::Basic),
            login_view: None,
            refresh_view: None,
            login_views: BTreeMap::new(),
            login_message: Some("Please log in to access this page.".to_owned()),
            login_message_category: "message".to_owned(),
            needs_refresh_message: Some("Please reauthenticate to access this page.".to_owned()),
            needs_refresh_message_category: "message".to_owned(),
            localize: false,
            use_session_for_next: false,
            force_host: None,
            base_path: None,
            json_below: Vec::new(),
            trusted_origins: Vec::new(),
            login_lifetime_seconds: None,
            idle_timeout_seconds: None,
            store: None,
            store_file: None,
            max_sessions: None,
            end_all_on_theft: false,
            remember_cookie: RememberCookie::default(),
            session_cookie: SessionCookie::default(),
            unauthorized_handler: false,
            needs_refresh_handler: false,
            user_loader: true,
            request_loader: false,
            request_loader_first: false,
            request_loader_reads_forms: false,
            clear_site_data: false,
            clock_offset_seconds: 0,
            loader_faults: LoaderFaults::default(),
            anonymous_name: "Anonymous".to_owned(),
        }
    }
}

impl Config {
    /// Reads `CONFORMANCE_CONFIG`; all defaults where it is not set.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_env() -> Result<Self, Box<dyn Error>> {
        match std::env::var("CONFORMANCE_CONFIG") {
            Ok(json) => Ok(serde_json::from_str(&json)?),
            Err(_) => Ok(Self::default()),
        }
    }

    /// The key that signs.
    ///
    /// # Errors
    /// That there is none.
    pub fn secret_key(&self) -> Result<SecretKey, Box<dyn Error>> {
        Ok(SecretKey::from_text(&*self.secret_key)?)
    }

    /// The store that the configuration asks for. Without one, a store that no one uses.
    pub(crate) async fn open_store(&self) -> Result<Store, Box<dyn Error>> {
        match (self.store, &self.store_file) {
            (Some(Kind::Sqlite), Some(file)) => Store::in_file(file).await,
            (Some(Kind::Sqlite), None) => {
                Err("store_file is missing: the store \"sqlite\" keeps its records there".into())
            }
            (Some(Kind::Memory) | None, Some(_)) => Err("store_file is only for the store \"sqlite\"".into()),
            (Some(Kind::Memory) | None, None) => Ok(Store::default()),
        }
    }

    /// Makes an adapter's manager as the configuration asks.
    ///
    /// `now` is the machine's clock, in seconds since 1970.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn build<M: BuiltManager<Player>>(
        &self,
        mut builder: LoginManagerBuilder<Player, M>,
        world: &World,
        now: fn() -> u64,
    ) -> Result<M, Box<dyn Error>> {
        if !self.user_loader && !self.request_loader {
            return Err("user_loader and request_loader are both off: no one could ever log in".into());
        }
        builder = match self.wire {
            Wire::Flask => builder.flask_compatible(),
            Wire::Native => builder
                .session_cookie(|cookie| cookie.name("session").secure(false).same_site(None))
                .remember_cookie(|cookie| cookie.name("remember_token").secure(false).same_site(None)),
        };
        let session = &self.session_cookie;
        let remember = &self.remember_cookie;
        builder = builder
            .session_cookie(|cookie| session.apply(cookie))
            .remember_cookie(|cookie| remember.apply(cookie))
            .session_protection(match self.session_protection {
                Some(Protection::Basic) => SessionProtection::Basic,
                Some(Protection::Strong) => SessionProtection::Strong,
                None => SessionProtection::Off,
            })
            .login_message(self.login_message.clone().unwrap_or_default())
            .login_message_category(&*self.login_message_category)
            .needs_refresh_message(self.needs_refresh_message.clone().unwrap_or_default())
            .needs_refresh_message_category(&*self.needs_refresh_message_category);
        for key in &self.secret_key_fallbacks {
            builder = builder.fallback_key(SecretKey::from_text(&**key)?);
        }
        for (prefix, view) in &self.login_views {
            builder = builder.login_view_below(&**prefix, &**view);
        }
        if let Some(view) = &self.login_view {
            builder = builder.login_view(&**view);
        }
        if let Some(view) = &self.refresh_view {
            builder = builder.refresh_view(&**view);
        }
        if let Some(host) = &self.force_host {
            builder = builder.force_host(&**host);
        }
        if let Some(path) = &self.base_path {
            builder = builder.base_path(&**path);
        }
        for prefix in &self.json_below {
            builder = builder.json_below(&**prefix);
        }
        for origin in &self.trusted_origins {
            builder = builder.trusted_origin(&**origin);
        }
        if let Some(seconds) = self.login_lifetime_seconds {
            builder = builder.login_lifetime(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.idle_timeout_seconds.or(session.idle_timeout_seconds) {
            builder = builder.idle_timeout(Duration::from_secs(seconds));
        }
        if let Some(seconds) = session.lifetime_seconds {
            builder = builder.session_lifetime(Duration::from_secs(seconds));
        }
        if let Some(seconds) = remember.duration_seconds {
            builder = builder.remember_duration(Duration::from_secs(seconds));
        }
        if remember.refresh_each_request {
            builder = builder.refresh_remember_cookie_each_request();
        }
        if self.store.is_some() {
            builder = builder.session_store(world.store.clone());
        }
        if let Some(count) = self.max_sessions {
            builder = builder.max_sessions(count);
        }
        if self.end_all_on_theft {
            builder = builder.end_all_on_theft();
        }
        if self.use_session_for_next {
            builder = builder.use_session_for_next();
        }
        if self.localize {
            builder = builder.localizer(|message| format!("<<{message}>>"));
        }
        if self.request_loader {
            builder = builder.request_loader(ByRequest(world.clone()));
        }
        if self.request_loader_first {
            builder = builder.request_loader_first();
        }
        if self.request_loader_reads_forms {
            builder = builder.request_loader_reads_forms();
        }
        if self.clear_site_data {
            builder = builder.clear_site_data();
        }
        let offset = self.clock_offset_seconds;
        let heard = world.clone();
        builder =
            builder.clock(move || now().saturating_add_signed(offset)).on_event(move |event| heard.hear(event.name()));
        let faults = Faults::new(self.loader_faults);
        Ok(builder.build(Players { world: world.clone(), loads_by_id: self.user_loader, faults })?)
    }
}
