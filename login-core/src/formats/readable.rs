//! The first readable one of several cookies with the same name.

use crate::config::cookie::MAX_SIZE;
use crate::request::client::Client;
use crate::request::cookies::{self, CookieName};

/// How many cookies with the same name are tried. This limits what a client can make the
/// server compute.
const MAX_TRIED: usize = 4;

/// What `read` makes of the first readable cookie with this name, among the first four.
pub(crate) fn first_readable<T>(
    request: &impl Client,
    name: &CookieName,
    mut read: impl FnMut(&[u8]) -> Option<T>,
) -> Option<T> {
    let mut tried = 0;
    request.find_cookie(name, |value| {
        tried += 1;
        let value = cookies::unquote(value);
        if tried > MAX_TRIED || value.len() > MAX_SIZE { None } else { read(&value) }
    })
}

pub(crate) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::view::Request;

    #[test]
    fn four_cookies_with_the_same_name_are_tried_and_no_large_one() {
        let name = CookieName::new("a".to_owned());
        let read = |header: String| {
            let request = Request::new("GET", "/").with_header("cookie", header.as_bytes());
            let read = std::cell::RefCell::new(Vec::new());
            assert_eq!(
                first_readable(&request, &name, |value| {
                    read.borrow_mut().push(value.len());
                    None::<()>
                }),
                None
            );
            read.into_inner()
        };
        assert_eq!(read("a=1; a=22; a=333; a=4444; a=55555; a=666666".to_owned()), [1, 2, 3, 4]);
        let of = |size: usize| "x".repeat(size);
        assert_eq!(read(format!("a={}; a={}; a=1", of(MAX_SIZE), of(MAX_SIZE + 1))), [MAX_SIZE, 1]);
    }
}
