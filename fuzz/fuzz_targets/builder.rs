//! Any configuration. Either it is refused, or a login makes cookies that browsers accept and
//! that the same manager reads.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use login_core::{CookieSettings, LoginManager, Request, SameSite, SecretKey, SessionProtection};
use login_core_fuzz::account::{Account, load};
use login_core_fuzz::browser::Jar;

#[derive(Debug, Arbitrary)]
struct Input {
    key: Vec<u8>,
    fallbacks: Vec<Vec<u8>>,
    is_text: bool,
    is_flask: bool,
    is_insecure: bool,
    /// The time of the clock, if it is not the usual one.
    now: Option<u64>,
    session: Option<Cookie>,
    remember: Option<Cookie>,
    session_lifetime: Option<u64>,
    remember_duration: Option<u64>,
    fresh_max_age: Option<u64>,
    refresh_each_request: bool,
    protection: u8,
    proxies: u8,
    login_view: Option<String>,
    view_below: Option<(String, String)>,
    refresh_view: Option<String>,
    host: Option<String>,
    origin: Option<String>,
    session_for_next: bool,
    user_id: String,
    message: String,
    asked_duration: Option<u64>,
}

#[derive(Debug, Arbitrary)]
struct Cookie {
    name: Option<Name>,
    domain: Option<Domain>,
    path: Option<String>,
    secure: Option<bool>,
    http_only: bool,
    same_site: u8,
}

#[derive(Debug, Arbitrary)]
enum Name {
    Host(char),
    LowerHost(char),
    Secure(char),
    Any(String),
}

#[derive(Debug, Arbitrary)]
enum Domain {
    Usual,
    Dotted,
    Any(String),
}

impl Cookie {
    fn settings(&self, mut settings: CookieSettings) -> CookieSettings {
        if let Some(name) = &self.name {
            settings = settings.name(match name {
                Name::Host(c) => format!("__Host-{c}"),
                Name::LowerHost(c) => format!("__host-{c}"),
                Name::Secure(c) => format!("__Secure-{c}"),
                Name::Any(name) => name.clone(),
            });
        }
        if let Some(domain) = &self.domain {
            settings = settings.domain(match domain {
                Domain::Usual => "site.example",
                Domain::Dotted => ".site.example",
                Domain::Any(domain) => domain,
            });
        }
        if let Some(path) = &self.path {
            settings = settings.path(format!("/{path}"));
        }
        if let Some(secure) = self.secure {
            settings = settings.secure(secure);
        }
        let same_site = [None, Some(SameSite::Strict), Some(SameSite::Lax), Some(SameSite::None)];
        settings.http_only(self.http_only).same_site(same_site[usize::from(self.same_site % 4)])
    }
}

fn key(bytes: &[u8], is_text: bool) -> Option<SecretKey> {
    if is_text { SecretKey::from_text(String::from_utf8_lossy(bytes)) } else { SecretKey::from_bytes(bytes) }.ok()
}

fn manager(input: &Input) -> Option<LoginManager<Account>> {
    let now = input.now.unwrap_or(1_700_000_000);
    let mut builder = LoginManager::builder(key(&input.key, input.is_text)?, move || now, |_: &mut [u8]| ());
    if input.is_flask {
        builder = builder.flask_compatible();
    }
    for fallback in &input.fallbacks {
        builder = builder.fallback_key(key(fallback, input.is_text)?);
    }
    if let Some(cookie) = &input.session {
        builder = builder.session_cookie(|settings| cookie.settings(settings));
    }
    if let Some(cookie) = &input.remember {
        builder = builder.remember_cookie(|settings| cookie.settings(settings));
    }
    if input.is_insecure {
        builder = builder.insecure_plain_http();
    }
    if let Some(seconds) = input.session_lifetime {
        builder = builder.session_lifetime(Duration::from_secs(seconds));
    }
    if let Some(seconds) = input.remember_duration {
        builder = builder.remember_duration(Duration::from_secs(seconds));
    }
    if let Some(seconds) = input.fresh_max_age {
        builder = builder.fresh_login_max_age(Duration::from_secs(seconds));
    }
    if input.refresh_each_request {
        builder = builder.refresh_remember_cookie_each_request();
    }
    let modes = [SessionProtection::Off, SessionProtection::Basic, SessionProtection::Strong];
    builder =
        builder.session_protection(modes[usize::from(input.protection % 3)]).trusted_proxies(input.proxies.into());
    if let Some(view) = &input.login_view {
        builder = builder.login_view(format!("/{view}"));
    }
    if let Some((prefix, view)) = &input.view_below {
        builder = builder.login_view_below(format!("/{prefix}"), view);
    }
    if let Some(view) = &input.refresh_view {
        builder = builder.refresh_view(view);
    }
    if let Some(host) = &input.host {
        builder = builder.force_host(host);
    }
    if let Some(origin) = &input.origin {
        builder = builder.trusted_origin(format!("https://{origin}"));
    }
    if input.session_for_next {
        builder = builder.use_session_for_next();
    }
    builder.login_message(&input.message).build_without_loader().ok()
}

/// Checks that the Location of a refusal is a single header line.
fn assert_location(login: &login_core::Login<Account>, refusal: login_core::Refusal) {
    if let Some(location) = login.refuse(refusal).location() {
        assert!(location.bytes().all(|byte| (b'!'..=b'~').contains(&byte)), "{location:?}");
    }
}

fuzz_target!(|input: Input| {
    let Some(manager) = manager(&input) else { return };
    let request = |jar: &Jar| Request::new("GET", "/a?b").with_header("cookie", jar.header().as_bytes());
    let mut jar = Jar::default();

    let request_login = manager.begin();
    let login = request_login.access(|| request(&jar));
    assert_location(&login, login_core::Refusal::Unauthorized);
    assert_location(&login, login_core::Refusal::NeedsRefresh);
    let mut log_in = login.log_in(Account::new(&input.user_id)).remember(true);
    if let Some(seconds) = input.asked_duration {
        log_in = log_in.duration(Duration::from_secs(seconds));
    }
    let logged_in = log_in.now();
    jar.keep(&request_login.finish(200).set_cookies);
    if logged_in.is_err() {
        return;
    }

    let user_of = |jar: &Jar| {
        let request_login = manager.begin();
        let login = request_login.access(|| request(jar));
        let user = load(&login, |id| Some(Account::new(id))).expect("nothing failed");
        assert_eq!(login.check(login_core::adapter::Requirement::Login).is_ok(), user.is_some());
        (user.map(|user| user.id.clone()), request_login.finish(200).set_cookies)
    };
    let (user, lines) = user_of(&jar);
    assert_eq!(user.as_ref(), Some(&input.user_id));
    jar.keep(&lines);
    // Each cookie logs the user in without the other.
    for pair in jar.header().split("; ") {
        let (name, value) = pair.split_once('=').expect("a cookie");
        let mut alone = Jar::default();
        alone.keep(&[format!("{name}={value}; Secure; Path=/")]);
        assert_eq!(user_of(&alone).0.as_ref(), Some(&input.user_id), "{name}");
    }

    let request_login = manager.begin();
    let login = request_login.access(|| request(&jar));
    login.log_out().now().expect("the response has not begun");
    jar.keep(&request_login.finish(200).set_cookies);
    assert_eq!(user_of(&jar).0, None);
});
