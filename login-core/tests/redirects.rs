//! Which values of `next` are accepted: a corpus of URLs known from attacks, judged by how
//! browsers parse them, and every combination of the pieces that such URLs are made of.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot continue fails"
)]

use std::io::Write as _;

use login_core::{Login, LoginManager, Refusal, Request, SecretKey, TestClock, User};
use url::Url;

/// The host of the test site. It has its own port, so that a wrong port is detected.
const HOST: &str = "site.example:8080";
const SITE: &str = "http://site.example:8080";

/// One entry per line, after its verdict: `+` for accepted, `-` for refused.
const CORPUS: [&str; 4] = [
    include_str!("redirects/paths.txt"),
    include_str!("redirects/schemes.txt"),
    include_str!("redirects/characters.txt"),
    include_str!("redirects/relative.txt"),
];

struct Account;

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        "1".to_owned()
    }

    fn auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        std::borrow::Cow::default()
    }
}

fn manager(session_for_next: bool) -> LoginManager<Account> {
    let key = SecretKey::from_text("a key of 32 bytes at least, yes?").unwrap();
    let builder = LoginManager::builder(key, TestClock::new(1_700_000_000), |buffer: &mut [u8]| buffer.fill(5));
    let builder = builder.login_view("/login");
    let builder = if session_for_next { builder.use_session_for_next() } else { builder };
    builder.build_without_loader().unwrap()
}

fn login_at(manager: &LoginManager<Account>, target: &str) -> Login<Account> {
    manager.begin().access(|| Request::new("GET", target).with_header("host", HOST.as_bytes()))
}

/// The path of a login view with `next` in its query, every byte of it escaped.
fn login_view(next: &str) -> String {
    let escaped: String = next.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("/login?next={escaped}")
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        plain.push(match (c, if c == '\\' { rest.next() } else { None }) {
            ('\\', Some('t')) => '\t',
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('\\')) => '\\',
            ('\\', Some('x')) => scalar(&rest.by_ref().take(2).collect::<String>()),
            ('\\', Some('u')) => scalar(rest.by_ref().take_while(|c| *c != '}').collect::<String>().trim_matches('{')),
            ('\\', _) => panic!("no such escape: {text}"),
            (c, _) => c,
        });
    }
    plain
}

fn scalar(hex: &str) -> char {
    u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).unwrap()
}

/// The entries of the corpus with their verdicts.
fn corpus() -> Vec<(bool, String)> {
    let lines = CORPUS.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'));
    let entry = |line: &str| match line.split_at(2) {
        ("+ ", entry) => (true, unescape(entry)),
        ("- ", entry) => (false, unescape(entry)),
        _ => panic!("no verdict: {line}"),
    };
    lines.map(entry).collect()
}

/// Whether a browser that follows a link on a page of the site stays there, by the URL standard.
fn stays_on_site(address: &str) -> bool {
    let page = Url::parse("http://site.example:8080/deep/er/login?next=x#y").unwrap();
    page.join(address).is_ok_and(|to| to.origin() == page.origin() && to.username().is_empty())
}

fn is_header_text(location: &str) -> bool {
    location.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Checks that `next` and the Location made from it lead to the same page, on this site.
fn assert_stays_on_site(next: &str, location: &str) {
    assert!(is_header_text(location), "{next:?} {location:?}");
    assert!(stays_on_site(next) && stays_on_site(location), "{next:?} {location:?}");
    let place = |address: &str| {
        let to = Url::parse(SITE).unwrap().join(address).unwrap();
        percent_encoding::percent_decode_str(to.as_str()).collect::<Vec<u8>>()
    };
    // Browsers remove spaces at the end of a URL. In the header they are escaped.
    assert_eq!(place(next.trim_end_matches(' ')), place(location.trim_end_matches("%20")), "{next:?} {location:?}");
}

#[test]
fn corpus_entries_get_the_expected_verdict() {
    let manager = manager(false);
    let (mut accepted, mut refused) = (0, 0);
    for (verdict, next) in corpus() {
        let login = login_at(&manager, &login_view(&next));
        assert_eq!(login.is_safe_redirect(&next), verdict, "{next:?}");
        let location = login.next_url();
        assert_eq!(location.is_some(), verdict, "{next:?} {location:?}");
        match location {
            Some(location) => {
                assert_stays_on_site(&next, &location);
                accepted += 1;
            }
            None => refused += 1,
        }
    }
    assert!(accepted >= 150 && refused >= 350, "{accepted} {refused}");
}

#[test]
fn next_is_escaped_for_the_location_header() {
    let manager = manager(false);
    for (next, location) in [
        ("/account?tab=mail#form", "/account?tab=mail#form"),
        ("http://SITE.example:8080/x", "http://SITE.example:8080/x"),
        ("/..//evil.example", "/..//evil.example"),
        ("/%2e%2e//evil.example", "/%2e%2e//evil.example"),
        ("/%5cevil.example", "/%5cevil.example"),
        ("/%0d%0aLocation:%20x", "/%0d%0aLocation:%20x"),
        ("/account ", "/account%20"),
        ("/\u{ff0f}evil.example", "/%EF%BC%8Fevil.example"),
        ("/\u{85}/evil.example", "/%C2%85/evil.example"),
        ("/é?a=\"><b>#ø", "/%C3%A9?a=%22%3E%3Cb%3E#%C3%B8"),
        ("/`{|}^[]'%zz", "/%60%7B%7C%7D%5E[]'%zz"),
    ] {
        assert_eq!(login_at(&manager, &login_view(next)).next_url().as_deref(), Some(location));
    }
}

#[test]
fn a_missing_or_malformed_next_is_ignored() {
    let manager = manager(false);
    let at = |query: &str| login_at(&manager, &format!("/login?{query}")).next_url();
    for query in ["", "next", "next=", "&", "next=%ff", "next=/%ff%fe", "NEXT=/a", "next[]=/a", "x=/a", "next%00=/a"] {
        assert_eq!(at(query), None, "{query}");
    }
    // The first `next` is used, even if it is refused.
    assert_eq!(at("next=//evil.example&next=/a"), None);
    assert_eq!(at("next=/a&next=//evil.example").as_deref(), Some("/a"));
    assert_eq!(at("n%65xt=/a+b%2Bc").as_deref(), Some("/a%20b+c"));
    assert_eq!(at("next=+//evil.example"), None);
    assert_eq!(at("next=/%09/evil.example"), None);
    assert_eq!(at("next=/%5Cevil.example"), None);
    assert_eq!(at("next=/%255Cevil.example").as_deref(), Some("/%5Cevil.example"));
}

#[test]
fn long_urls_get_the_same_verdict() {
    let manager = manager(false);
    let login = login_at(&manager, "/login");
    let long = "a".repeat(1 << 20);
    assert!(login.is_safe_redirect(&format!("/{long}//evil.example")));
    assert!(login.is_safe_redirect(&format!("/{}evil.example", "../".repeat(1 << 16))));
    for bad in [
        format!("//{long}.example"),
        format!("{}evil.example", "/".repeat(1 << 20)),
        format!("/{long}\\evil.example"),
        format!("/{}/evil.example", "\t".repeat(1 << 20)),
        format!("http://{long}@evil.example/"),
        format!("{SITE}{long}/"),
        format!("{long}:{long}"),
        format!("{}/account", " ".repeat(1 << 20)),
    ] {
        assert!(!login.is_safe_redirect(&bad), "{}", &bad[..20]);
    }
}

#[test]
fn a_complete_url_must_match_scheme_and_host_of_the_request() {
    let manager = manager(false);
    let safe = |request: Request, next: &str| manager.begin().access(|| request.clone()).is_safe_redirect(next);
    let at = |host: &str| Request::new("GET", "/login").with_header("host", host.as_bytes());
    assert!(safe(at("[2001:db8::1]:8080"), "http://[2001:DB8::1]:8080/x"));
    assert!(!safe(at("[2001:db8::1]:8080"), "http://[2001:db8::1]/x"));
    assert!(!safe(at("[2001:db8::1]"), "http://[2001:db8::1]:8080/x"));
    assert!(!safe(at("[::1]"), "http://[::ffff:127.0.0.1]/"));
    assert!(safe(at("site.example").over_https(), "https://site.example/x"));
    assert!(!safe(at("site.example").over_https(), "http://site.example/x"));
    assert!(safe(at("site.example").over_https(), "https://site.example:443/x"), "the default port of https");
    // Without a host, no complete URL is on this site.
    for next in ["http://", "http:///", "http:///x", "http://x/", "//"] {
        assert!(!safe(Request::new("GET", "/login"), next), "{next}");
        assert!(!safe(at(""), next), "{next}");
    }
    assert!(safe(Request::new("GET", "/login"), "/x"));
    // This manager trusts no proxy.
    let forwarded =
        at(HOST).with_header("x-forwarded-host", b"evil.example").with_header("x-forwarded-proto", b"https");
    assert!(!safe(forwarded.clone(), "http://evil.example/") && !safe(forwarded, "https://evil.example/"));
}

#[test]
fn next_of_a_refused_request_stays_on_this_site() {
    for session_for_next in [false, true] {
        let manager = manager(session_for_next);
        for (target, leads_to) in [
            ("/account?x=%2F%2F", Some("/account?x=%2F%2F")),
            ("//evil.example/x", None),
            ("///evil.example", None),
            ("/\\evil.example", None),
            ("/%5cevil.example", Some("/%5cevil.example")),
            ("/..//evil.example", Some("/..//evil.example")),
        ] {
            let request_login = manager.begin();
            let login = request_login.access(|| Request::new("GET", target).with_header("host", HOST.as_bytes()));
            let answer = login.refuse(Refusal::Unauthorized);
            let location = answer.location().unwrap();
            assert!(location.starts_with("/login") && stays_on_site(location), "{location}");
            let line = request_login.finish(200).set_cookies.remove(0);
            let cookie = line.split(';').next().unwrap();
            let view = Request::new("GET", location).with_header("host", HOST.as_bytes());
            let view = manager.begin().access(|| view.with_header("cookie", cookie.as_bytes()));
            assert_eq!(view.next_url().as_deref(), leads_to, "{target}");
        }
    }
}

/// Pieces that confuse URL parsers. The test tries every sequence of up to four.
const PIECES: [&str; 24] = [
    "/",
    "//",
    "\\",
    "..",
    ".",
    "@",
    ":",
    "?",
    "#",
    "%2f",
    "%5c",
    "%2e",
    "\t",
    "\n",
    " ",
    "http:",
    "HTTP://",
    "https:",
    "javascript:",
    "site.example:8080",
    "evil.example",
    "[::1]",
    "\u{ff0f}",
    "\u{3002}",
];

fn combinations() -> impl Iterator<Item = String> {
    let digit = |number: usize, place: u32| number / PIECES.len().pow(place) % PIECES.len();
    (1..=4).flat_map(move |length| {
        (0..PIECES.len().pow(length))
            .map(move |number| (0..length).map(|place| PIECES[digit(number, place)]).collect::<String>())
    })
}

#[test]
fn accepted_combinations_of_pieces_stay_on_this_site() {
    let manager = manager(false);
    let login = login_at(&manager, "/login");
    let (mut all, mut leaving, mut accepted) = (0, 0, Vec::new());
    for next in combinations().chain(combinations().map(|tail| format!("{SITE}{tail}"))) {
        all += 1;
        if login.is_safe_redirect(&next) {
            accepted.push(next);
        } else {
            leaving += usize::from(!stays_on_site(&next));
        }
    }
    accepted.sort();
    accepted.dedup();
    assert!(all > 600_000 && leaving > all / 10 && accepted.len() > 10_000, "{all} {leaving} {}", accepted.len());
    let with_location = |next: String| {
        let location = login_at(&manager, &login_view(&next)).next_url().unwrap();
        assert_stays_on_site(&next, &location);
        (next, location)
    };
    let made: Vec<_> = accepted.into_iter().map(with_location).collect();
    let of_corpus = corpus().into_iter().filter(|(verdict, _)| *verdict).map(|(_, next)| with_location(next));
    write_browser_cases(of_corpus.chain(made.iter().step_by(made.len() / 4000).cloned()));
}

/// Writes the cases that `conformance/redirects.py` opens in a browser.
fn write_browser_cases(cases: impl Iterator<Item = (String, String)>) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("redirects.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for case in cases {
        writeln!(file, "{}", serde_json::to_string(&case).unwrap()).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn an_address_of_the_client_and_a_fallback_stay_on_this_site() {
    let with_base = |base: &str| {
        let key = SecretKey::from_text("a key of 32 bytes at least, yes?").unwrap();
        let builder = LoginManager::<Account>::builder(key, || 1, |_: &mut [u8]| ()).base_path(base);
        let manager = builder.build_without_loader().unwrap();
        let request_login = manager.begin();
        request_login.access(|| Request::new("POST", "/login").with_header("host", b"site.example"))
    };
    let (login, below) = (with_base(""), with_base("/shop"));
    for (address, fallback, target, target_below) in [
        ("/next", "/", "/next", "/next"),
        ("http://site.example/a b", "/", "http://site.example/a%20b", "http://site.example/a%20b"),
        ("", "/home", "/home", "/shop/home"),
        ("https://evil.example/", "/home", "/home", "/shop/home"),
        ("//evil.example/", "http://site.example/x", "http://site.example/x", "http://site.example/x"),
        ("javascript:alert(1)", "https://evil.example/", "/", "/shop/"),
        ("", "//evil.example", "/", "/shop/"),
        ("", "home", "/", "/shop/"),
    ] {
        assert_eq!(login.redirect_target(address, fallback), target, "{address} {fallback}");
        assert_eq!(below.redirect_target(address, fallback), target_below, "{address} {fallback}");
        assert_eq!(login.next_or(fallback), login.redirect_target("", fallback));
    }
}
