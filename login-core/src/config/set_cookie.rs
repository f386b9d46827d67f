//! The Set-Cookie headers of one cookie.

use std::fmt::Write as _;

use cookie::Cookie;
use cookie::time::{Duration, OffsetDateTime};

use crate::clock::LAST_SECOND;
use crate::config::cookie::CookieSettings;

/// Makes the Set-Cookie headers of one cookie. What is the same in each of them is written
/// once, when the manager is built.
pub(crate) struct SetCookie {
    name: String,
    attributes: String,
    deletion: String,
    longest: u64,
}

impl SetCookie {
    /// `longest` is the largest `Max-Age`, in seconds.
    pub(crate) fn new(settings: &CookieSettings, longest: u64) -> Self {
        let mut cookie = Cookie::new(&*settings.name, "");
        cookie.set_path(&settings.path);
        if let Some(domain) = &settings.domain {
            cookie.set_domain(domain);
        }
        cookie.set_secure(settings.secure);
        cookie.set_http_only(settings.http_only);
        cookie.set_same_site(settings.same_site.map(cookie::SameSite::from));
        if settings.partitioned {
            cookie.set_partitioned(true);
        }
        let attributes = after_value(&cookie);
        expire(&mut cookie, 0, 0);
        Self { name: settings.name.to_string(), attributes, deletion: cookie.to_string(), longest }
    }

    /// The header that sets the cookie. `max_age` is in seconds; without it, the cookie ends
    /// when the browser is closed. `now` is in seconds since 1970.
    pub(crate) fn set(&self, value: &str, max_age: Option<u64>, now: u64) -> String {
        let mut line = String::with_capacity(self.name.len() + 1 + value.len() + self.attributes.len() + EXPIRY);
        line.extend([&*self.name, "=", value, &*self.attributes]);
        if let Some(seconds) = max_age {
            let seconds = seconds.min(self.longest);
            let mut cookie = Cookie::new("", "");
            expire(&mut cookie, seconds, now.saturating_add(seconds));
            line.push_str(&after_value(&cookie));
        }
        line
    }

    /// The header that deletes the cookie.
    pub(crate) fn delete(&self) -> String {
        self.deletion.clone()
    }
}

/// Space for the expiry of a cookie, in bytes.
const EXPIRY: usize = 64;

/// `max_age` is in seconds, `at` in seconds since 1970.
fn expire(cookie: &mut Cookie<'_>, max_age: u64, at: u64) {
    let seconds = |seconds: u64| i64::try_from(seconds.min(LAST_SECOND)).unwrap_or_default();
    cookie.set_max_age(Duration::seconds(seconds(max_age)));
    let at = OffsetDateTime::from_unix_timestamp(seconds(at));
    cookie.set_expires(at.unwrap_or(OffsetDateTime::UNIX_EPOCH));
}

/// What stands after the value of a cookie that has none.
fn after_value(cookie: &Cookie<'_>) -> String {
    let mut line = String::with_capacity(EXPIRY);
    // Writing to a string fails only for a date after the year 9999.
    let _ = write!(line, "{cookie}");
    line.split_off(cookie.name().len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cookie::SameSite;

    fn cookie(settings: CookieSettings) -> SetCookie {
        SetCookie::new(&settings, LAST_SECOND)
    }

    #[test]
    fn a_deletion_has_the_same_attributes() {
        let settings = CookieSettings::new("a").domain(".example.com").path("/x").same_site(SameSite::Strict);
        assert_eq!(
            cookie(settings.clone()).delete(),
            "a=; HttpOnly; SameSite=Strict; Secure; Path=/x; Domain=example.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        );
        assert_eq!(
            cookie(settings.clone()).set("v", Some(60), 0),
            "a=v; HttpOnly; SameSite=Strict; Secure; Path=/x; Domain=example.com; Max-Age=60; Expires=Thu, 01 Jan 1970 00:01:00 GMT"
        );
        assert_eq!(
            cookie(settings).set("v", None, 0),
            "a=v; HttpOnly; SameSite=Strict; Secure; Path=/x; Domain=example.com"
        );
    }

    #[test]
    fn an_attribute_that_is_off_is_left_out() {
        let settings = CookieSettings::new("a").secure(false).http_only(false).same_site(None);
        assert_eq!(cookie(settings).set("v", None, 0), "a=v; Path=/");
    }

    #[test]
    fn a_partitioned_cookie_is_deleted_as_one() {
        let partitioned = cookie(CookieSettings::new("a").same_site(SameSite::None).partitioned(true));
        assert_eq!(partitioned.set("v", None, 0), "a=v; HttpOnly; SameSite=None; Partitioned; Secure; Path=/");
        assert!(
            partitioned.delete().starts_with("a=; HttpOnly; SameSite=None; Partitioned; Secure; Path=/; Max-Age=0")
        );
    }

    #[test]
    fn nothing_asks_for_more_than_browsers_keep() {
        let line = SetCookie::new(&CookieSettings::new("a"), 60).set("v", Some(61), 0);
        assert!(line.ends_with("; Max-Age=60; Expires=Thu, 01 Jan 1970 00:01:00 GMT"), "{line}");
    }

    #[test]
    fn the_last_second_is_a_date() {
        let line = cookie(CookieSettings::new("a")).set("v", Some(u64::MAX), LAST_SECOND);
        assert!(line.ends_with("; Max-Age=253402300799; Expires=Fri, 31 Dec 9999 23:59:59 GMT"), "{line}");
    }
}
