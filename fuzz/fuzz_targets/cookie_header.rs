//! Cookie headers of any bytes, with a valid cookie among them.
//!
//! The bits of the first byte choose the format (1), the cookie (2), and whether it is within a
//! line (4). The second byte chooses the line. The rest of the input are the lines.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use login_core::{LoginManager, Request};
use login_core_fuzz::account::{Account, keys as session_keys, whoever};
use login_core_fuzz::browser::Jar;
use login_core_fuzz::site;

/// The number of cookies with the same name that the library tries.
const TRIED: usize = 4;

struct Site {
    manager: LoginManager<Account>,
    /// The names and values of the cookies of a client that is logged in.
    cookies: [(String, String); 2],
}

static SITES: LazyLock<[Site; 2]> = LazyLock::new(|| {
    [
        (site::native(), site::NATIVE_SESSION, site::NATIVE_REMEMBER),
        (site::flask(), site::FLASK_SESSION, site::FLASK_REMEMBER),
    ]
    .map(|(builder, session, remember)| {
        let manager = builder.build_without_loader().expect("a valid configuration");
        let client = manager.test_login(Account::new("1")).remembered(Duration::from_secs(1000));
        let header = client.now().expect("it is a small login").header();
        let value = |name: &str| {
            let pair = header.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            (name.to_owned(), pair.expect("both were set").to_owned())
        };
        Site { cookies: [value(session), value(remember)], manager }
    })
});

fn count(lines: &[&[u8]], text: &str) -> usize {
    lines.iter().map(|line| line.windows(text.len()).filter(|window| *window == text.as_bytes()).count()).sum()
}

fn user_of(site: &Site, lines: &[&[u8]]) -> Option<String> {
    let request_login = site.manager.begin();
    let mut request = Request::new("GET", "/");
    lines.iter().for_each(|line| request.push_header("Cookie", line));
    let login = request_login.access(|| request);
    let user = whoever(&login);
    assert_eq!(session_keys(&login).is_empty(), user.is_none());
    login.insert("fuzz", "value").expect("there is space");
    Jar::default().keep(&request_login.finish(200).set_cookies);
    user
}

fuzz_target!(|input: &[u8]| {
    let [mode, place, rest @ ..] = input else { return };
    let site = &SITES[usize::from(mode & 1)];
    let (name, value) = &site.cookies[usize::from(mode >> 1 & 1)];
    let garbage: Vec<&[u8]> = rest.split(|byte| *byte == b'\n').collect();
    if site.cookies.iter().any(|(_, value)| count(&garbage, value) > 0) {
        return; // It contains a valid cookie.
    }
    assert_eq!(user_of(site, &garbage), None);

    let (before, after) = garbage.split_at(usize::from(*place) % garbage.len());
    let good = format!("{name}={value}");
    // A cookie on its own line is always parsed separately. Within a line, only a quotation mark
    // before it can change that, because other malformed cookies end at the semicolon.
    let line = match after {
        [first, ..] if mode & 4 != 0 && !first.contains(&b'"') => {
            [first, &b"; "[..], good.as_bytes(), b" ;", first].concat()
        }
        _ => good.into_bytes(),
    };
    let lines: Vec<&[u8]> = before.iter().copied().chain([&*line]).chain(after.iter().copied()).collect();
    // An upper bound for the cookies with this name before it: each contains the name.
    let until = line.windows(value.len()).position(|window| window == value.as_bytes()).expect("it was put there");
    let others = count(before, name) + count(&[&line[..until]], name) - 1;
    let user = user_of(site, &lines);
    assert!(user.is_none() || user.as_deref() == Some("1"));
    assert!(user.is_some() || others >= TRIED, "{}", String::from_utf8_lossy(&lines.join(&b'\n')));
});
