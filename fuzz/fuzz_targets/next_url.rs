//! Accepted redirects, compared with the `url` crate, which parses URLs as browsers do.
//!
//! The first byte chooses the scheme and the host. The rest is the URL as text, or with bit 4 of
//! the first byte a list of pieces that are common in attacks.
#![no_main]

use std::fmt::Write as _;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use login_core::{Login, LoginManager, Refusal, Request};
use login_core_fuzz::account::Account;
use login_core_fuzz::site;
use url::Url;

const HOSTS: [&str; 4] = ["site.example", "site.example:8080", "127.0.0.1", "[::1]:443"];

const PIECES: [&str; 48] = [
    "/",
    "//",
    "\\",
    "/\\",
    "http:",
    "https:",
    "HTTPS:",
    "://",
    "javascript:",
    "data:",
    "site.example",
    "SITE.example",
    "evil.example",
    ":8080",
    ":80",
    ":443",
    "@",
    "user@",
    "user:pass@",
    "?",
    "#",
    "&",
    "=",
    ".",
    "..",
    "/..",
    "/.",
    "%2f",
    "%5c",
    "%2e%2e",
    "%00",
    "%0d%0a",
    "\t",
    "\n",
    "\r",
    "\0",
    " ",
    "\u{7f}",
    "\u{a0}",
    "\u{feff}",
    "é",
    "。",
    "／",
    "＠",
    "[::1]",
    "127.0.0.1",
    ";",
    "a",
];

static MANAGERS: LazyLock<[LoginManager<Account>; 2]> = LazyLock::new(|| {
    [site::native(), site::native().use_session_for_next()]
        .map(|builder| builder.login_view("/login").build_without_loader().expect("a valid configuration"))
});

fn address(mode: u8, rest: &[u8]) -> String {
    if mode & 4 != 0 {
        rest.iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect()
    } else {
        String::from_utf8_lossy(rest).into_owned()
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut query, byte| {
        write!(query, "%{byte:02X}").expect("writing to memory");
        query
    })
}

/// Whether a browser on the page `here` stays on this site.
fn is_followed_to_this_site(here: &Url, address: &str) -> bool {
    let there = here.join(address).unwrap_or_else(|error| panic!("{address:?}: {error}"));
    (there.scheme(), there.host(), there.port_or_known_default())
        == (here.scheme(), here.host(), here.port_or_known_default())
        && there.username().is_empty()
        && there.password().is_none()
}

fn check(login: &Login<Account>, here: &Url, address: &str) {
    if login.is_safe_redirect(address) {
        assert!(is_followed_to_this_site(here, address), "{address:?}");
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&mode, rest)) = input.split_first() else { return };
    let address = address(mode, rest);
    let (host, scheme) = (HOSTS[usize::from(mode & 3)], if mode & 8 != 0 { "https" } else { "http" });
    let request = |target: &str| {
        let request = Request::new("GET", target).with_header("host", host.as_bytes());
        if scheme == "https" { request.over_https() } else { request }
    };
    for path in ["/login", "/a/b/login"] {
        let here = Url::parse(&format!("{scheme}://{host}{path}")).expect("an address");
        let login = MANAGERS[0].begin().access(|| request(&format!("{path}?next={}", percent_encoded(&address))));
        check(&login, &here, &address);
        let next = login.next_url();
        assert_eq!(next.is_some(), login.is_safe_redirect(&address));
        if let Some(next) = next {
            assert!(next.bytes().all(|byte| (b'!'..=b'~').contains(&byte)), "{next:?}");
            assert!(is_followed_to_this_site(&here, &next), "{next:?}");
        }
    }

    // After the login, a refused user gets back to the requested page, if the URL is safe.
    let here = Url::parse(&format!("{scheme}://{host}/")).expect("an address");
    let login = MANAGERS[0].begin().access(|| request(&address));
    let answer = login.refuse(Refusal::Unauthorized);
    let Some(location) = answer.location() else {
        // The login view itself was asked for.
        let path = login.request().path();
        return assert!(answer.status() == 401 && path.trim_end_matches('/') == "/login", "{path:?}");
    };
    assert!(location.starts_with("/login") && is_followed_to_this_site(&here, location), "{location:?}");
    if location == "/login" {
        return assert!(address.len() > 2048, "{address:?}");
    }
    let is_safe = login.is_safe_redirect(&address);
    let back = MANAGERS[0].begin().access(|| request(location));
    assert_eq!(back.request().query_value("next").as_deref(), Some(&*address));
    assert_eq!(back.next_url().is_some(), is_safe);
    // The same with `next` in the session.
    let request_login = MANAGERS[1].begin();
    let login = request_login.access(|| request(&address));
    login.refuse(Refusal::Unauthorized);
    if let Some(next) = login.next_url() {
        assert!(is_followed_to_this_site(&here, &next), "{next:?}");
    }
});
