//! Forged cookies. None of them logs a user in, is read as a session, fails a load or
//! causes a panic. Each is sent in a request, whose steps are run to the end with a user
//! loader that finds every user.
//!
//! `cargo test -p login-core --test forgery` tries every change of one character, every
//! truncation, and splices at the boundaries of fields, on the cookies of one user. The
//! following command tries millions more, on the cookies of two users and at every byte,
//! and prints how many it tried:
//!
//! ```sh
//! cargo test --release -p login-core --test forgery -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot continue fails")]

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD as BASE64};
use login_core::adapter::{ResponseParts, Step};
use login_core::{LoginManager, Request, SecretKey, TestClock, User};

const NOW: u64 = 1_700_000_000;
const OLD: &str = "the key of old, 32 bytes or more.";
const NEW: &str = "the key of now, 32 bytes or more.";

struct Account(String);

impl User for Account {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        format!("hash of {}", self.0).into_bytes().into()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Native,
    Flask,
}

use Format::{Flask, Native};

/// The session cookie and the remember cookie of one login, in this order.
type Pair = [Vec<u8>; 2];

struct Site {
    manager: LoginManager<Account>,
    clock: TestClock,
    names: [&'static str; 2],
    /// The genuine cookies: name and value.
    genuine: Vec<(&'static str, Vec<u8>)>,
    tried: u64,
}

/// The user and the session keys of a request, and the parts of its response.
struct Visit {
    user: Option<String>,
    keys: Vec<String>,
    parts: ResponseParts,
}

impl Site {
    fn new(format: Format, keys: &[&str]) -> Self {
        let clock = TestClock::new(NOW);
        let mut keys = keys.iter().map(|text| SecretKey::from_text(*text).unwrap());
        let calls = AtomicU8::new(0);
        let entropy = move |buffer: &mut [u8]| buffer.fill(calls.fetch_add(1, Ordering::Relaxed));
        let mut builder = LoginManager::builder(keys.next().unwrap(), clock.clone(), entropy);
        let mut names = ["__Host-session", "__Host-remember_token"];
        if format == Flask {
            builder = builder.flask_compatible();
            names = ["session", "remember_token"];
        }
        let manager = keys.fold(builder, |builder, key| builder.fallback_key(key)).build_without_loader().unwrap();
        Self { manager, clock, names, genuine: Vec::new(), tried: 0 }
    }

    /// Logs in with some session data, one second later than the previous login.
    fn log_in(&mut self, id: &str) -> Pair {
        self.clock.advance(Duration::from_secs(1));
        let request_login = self.manager.begin();
        let login = request_login.access(|| Request::new("GET", "/"));
        login.insert("who", id).unwrap();
        login.log_in(Account(id.to_owned())).remember(true).now().unwrap();
        let lines = request_login.finish(200).set_cookies;
        let value = |name: &str| {
            let pair = lines.iter().find_map(|line| line.split(';').next()?.strip_prefix(name)?.strip_prefix('='));
            pair.unwrap().as_bytes().to_vec()
        };
        let pair = self.names.map(value);
        for (name, value) in self.names.into_iter().zip(&pair) {
            assert_eq!(self.visit(&header(name, value)).user.as_deref(), Some(id), "the genuine cookie is accepted");
            self.genuine.push((name, value.clone()));
        }
        pair
    }

    fn visit(&self, cookies: &[u8]) -> Visit {
        let request_login = self.manager.begin();
        let login = request_login.access(|| Request::new("GET", "/").with_header("cookie", cookies));
        let keys = login.keys();
        let mut step = login.resolve();
        let user = loop {
            step = match step {
                Step::LoadUser { id, token } => {
                    let user = Account(id);
                    token.answer(Some(user))
                }
                Step::LoadUserFromRequest(token) => token.answer(None::<Account>),
                Step::AskStore(_) => unreachable!("there is no store"),
                Step::Done(user) => break user.unwrap().map(|user| user.id()),
            };
        };
        Visit { user, keys, parts: request_login.finish(200) }
    }

    /// Sends a forged cookie, and checks that it has no effect. A value that parsing turns
    /// into the genuine one is skipped.
    fn refuse(&mut self, name: &str, value: &[u8]) {
        let sent = value.trim_ascii();
        let sent = sent.strip_suffix(b";").unwrap_or(sent);
        if self.genuine.iter().any(|(its, genuine)| *its == name && genuine == sent) {
            return;
        }
        let visit = self.visit(&header(name, value));
        let is_refused = visit.user.is_none()
            && visit.keys.is_empty()
            && visit.parts.failure.is_none()
            && visit.parts.set_cookies.is_empty();
        assert!(is_refused, "{name}={} is {:?}, {:?}", value.escape_ascii(), visit.user, visit.parts);
        self.tried += 1;
    }

    /// Inserts, removes, replaces and swaps characters, and truncates the cookie. `full`
    /// tries all bytes, and changes of two adjacent characters.
    fn change(&mut self, name: &str, cookie: &[u8], full: bool) {
        let others: Vec<u8> =
            if full { (0..=255).collect() } else { (b' '..=b'~').chain(*b"\t\n\0\x7f\x80\xff").collect() };
        let mut forged = Vec::with_capacity(cookie.len() + 1);
        for at in 0..=cookie.len() {
            let (before, after) = cookie.split_at(at);
            self.refuse(name, before);
            self.refuse(name, after);
            let rest = after.get(1..).unwrap_or_default();
            for middle in [&[][..], &[0]].into_iter().chain(others.iter().map(std::slice::from_ref)) {
                for end in [after, rest] {
                    forged.clear();
                    [before, middle, end].into_iter().for_each(|part| forged.extend_from_slice(part));
                    self.refuse(name, &forged);
                }
            }
            let partners = if full { at + 1..cookie.len() } else { at + 1..cookie.len().min(at + 2) };
            for partner in partners {
                let mut swapped = cookie.to_vec();
                swapped.swap(at, partner);
                self.refuse(name, &swapped);
            }
            if full && at + 1 < cookie.len() {
                for (a, b) in ALPHABET.iter().flat_map(|a| ALPHABET.iter().map(move |b| (*a, *b))) {
                    let mut changed = cookie.to_vec();
                    (changed[at], changed[at + 1]) = (a, b);
                    self.refuse(name, &changed);
                }
            }
        }
    }

    /// Replaces parts of `cookie` with parts of `other`, at the boundaries of fields (`full`:
    /// at every byte), and encodes the result.
    fn splice(&mut self, name: &str, [cookie, other]: [&[u8]; 2], full: bool, encode: impl Fn(&[u8]) -> Vec<u8>) {
        let cuts = |len: usize| (0..=len).filter(move |at| full || is_boundary(*at, len)).collect::<Vec<_>>();
        let (places, ends) = (cuts(cookie.len()), cuts(other.len()));
        let mut paste = |cut: usize, middle: &[u8], resume: usize| {
            if let Some(rest) = cookie.get(resume..) {
                self.refuse(name, &encode(&[&cookie[..cut], middle, rest].concat()));
            }
        };
        for &cut in &places {
            for (at, &from) in ends.iter().enumerate() {
                paste(cut, &other[from..], cookie.len());
                // The inserted part replaces as many bytes, so that later fields keep their place.
                ends[at..].iter().skip(1).for_each(|&to| paste(cut, &other[from..to], cut + to - from));
            }
        }
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn header(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"=", value].concat()
}

/// Whether a field of a native session or remember token may begin or end here. From the
/// front these are the fields of the format, from the end the MAC and the field before it.
fn is_boundary(at: usize, len: usize) -> bool {
    [0, 1, 4, 5, 13, 21, 37, 45, 47, 48].contains(&at) || [0, 32, 33, 49].contains(&(len - at))
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// Sends all forged cookies. Returns how many were refused.
fn forge(format: Format, keys: &[&str], full: bool) -> u64 {
    let mut site = Site::new(format, keys);
    let [alice, bob] = [site.log_in("alice"), site.log_in("bob")];
    let mut elsewhere = Site::new(if format == Native { Flask } else { Native }, keys);
    let foreign = elsewhere.log_in("alice");
    // A native remember token ends with the user ID. This ID would be valid session data.
    let carol = site.log_in("{\"role\":1}");

    for (kind, name) in site.names.into_iter().enumerate() {
        site.change(name, &alice[kind], full);
        if full {
            site.change(name, &bob[kind], full);
        }
        for value in [&alice[1 - kind], &bob[1 - kind], &carol[1 - kind], &foreign[0], &foreign[1]] {
            site.refuse(name, value);
        }
        // Splices of two users' cookies, and of the two kinds of cookie.
        for [cookie, other] in
            [[&alice[kind], &bob[kind]], [&bob[kind], &alice[kind]], [&alice[kind], &alice[1 - kind]]]
        {
            if format == Native {
                let bytes = [cookie, other].map(|text| BASE64.decode(text).unwrap());
                site.splice(name, [&bytes[0], &bytes[1]], full, |forged| BASE64.encode(forged).into_bytes());
                site.refuse(name, BASE64_STANDARD.encode(&bytes[0]).as_bytes());
                site.refuse(name, BASE64_URL_SAFE.encode([&bytes[0][..], b"="].concat()).as_bytes());
            } else {
                site.splice(name, [cookie, other], full, plain);
            }
        }
        for other in
            ["session", "remember_token", "Session", "__Host-Session", "__Secure-session", "__host-session", "s"]
        {
            if !site.names.contains(&other) {
                site.refuse(other, &alice[kind]);
            }
        }
        let separator = if kind == 0 { '.' } else { '|' };
        let parts = |cookie: &[u8]| -> Vec<Vec<u8>> {
            cookie.split(|byte| *byte == separator as u8).map(<[u8]>::to_vec).collect()
        };
        let all = [parts(&alice[kind]), parts(&bob[kind])].concat();
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
            site.refuse(name, &[&a[..], &b[..]].join(&(separator as u8)));
            for c in &all {
                site.refuse(name, &[&a[..], &b[..], &c[..]].join(&(separator as u8)));
            }
        }
    }
    site.tried
}

#[test]
fn forged_native_cookies_are_refused() {
    assert!(forge(Native, &[NEW], false) > 50_000);
}

#[test]
fn forged_flask_cookies_are_refused() {
    assert!(forge(Flask, &[NEW], false) > 50_000);
}

#[test]
#[ignore = "tries millions of cookies, for a release build"]
fn millions_of_forged_cookies_are_refused() {
    let mut tried = 0;
    for (name, format) in [("native", Native), ("flask", Flask)] {
        for keys in [&[NEW][..], &[NEW, OLD]] {
            let more = forge(format, keys, true);
            println!("{name} format, {} key(s): {more} forged cookies refused", keys.len());
            tried += more;
        }
    }
    println!("{tried} forged cookies refused in all");
}

/// Base64 of most lengths has unused bits, so that several texts decode to the same bytes.
/// Only one of them is accepted, also in the signature of Flask's sessions, where Flask
/// itself accepts the others.
#[test]
fn other_base64_texts_of_the_same_bytes_are_refused() {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let config = config.with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let lenient = GeneralPurpose::new(&base64::alphabet::URL_SAFE, config);
    for (format, respelled) in [(Native, 2 * (3 + 15)), (Flask, 3 * 3)] {
        let mut site = Site::new(format, &[NEW]);
        let mut found = 0;
        for id in ["1", "22", "333"] {
            let pair = site.log_in(id);
            for (name, cookie) in site.names.into_iter().zip(pair) {
                let last = cookie.rsplit(|byte| *byte == b'.').next().unwrap();
                let Ok(meaning) = lenient.decode(last) else { continue };
                for other in ALPHABET.iter().filter(|other| cookie.last() != Some(other)) {
                    let spelling = [&last[..last.len() - 1], &[*other]].concat();
                    if lenient.decode(&spelling).unwrap() == meaning {
                        site.refuse(name, &[&cookie[..cookie.len() - last.len()], &spelling].concat());
                        found += 1;
                    }
                }
                site.refuse(name, &[&cookie[..], b"="].concat());
                site.refuse(name, &[&cookie[..], b"=="].concat());
            }
        }
        assert_eq!(found, respelled, "every length was tried");
    }
}

#[test]
fn another_users_remember_cookie_does_not_change_the_session() {
    for format in [Native, Flask] {
        let mut site = Site::new(format, &[NEW]);
        let [alice, bob] = [site.log_in("alice"), site.log_in("bob")];
        let both = |session: &[u8], remember: &[u8]| {
            site.visit(&[header(site.names[0], session), header(site.names[1], remember)].join(&b"; "[..]))
        };
        let visit = both(&alice[0], &bob[1]);
        assert_eq!(visit.user.as_deref(), Some("alice"));
        assert!(visit.keys.contains(&"who".to_owned()) && visit.parts.set_cookies.is_empty());
        // A forged session counts as none, so the remember cookie logs its own user in.
        let visit = both(&alice[0][1..], &bob[1]);
        assert_eq!(visit.user.as_deref(), Some("bob"));
        assert!(!visit.keys.contains(&"who".to_owned()));
        assert_eq!(both(&alice[0][1..], &bob[1][1..]).user, None);
    }
}

#[test]
fn old_keys_are_accepted_only_as_fallbacks() {
    for format in [Native, Flask] {
        let pair = Site::new(format, &[OLD]).log_in("alice");
        let [both, mut only] = [Site::new(format, &[NEW, OLD]), Site::new(format, &[NEW])];
        for (name, cookie) in only.names.into_iter().zip(&pair) {
            both.clock.set(NOW + 1);
            assert_eq!(both.visit(&header(name, cookie)).user.as_deref(), Some("alice"));
            only.clock.set(NOW + 1);
            only.refuse(name, cookie);
        }
        assert_eq!(only.tried, 2);
    }
}
