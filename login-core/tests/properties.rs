//! Properties that hold for any user ID, session data and client: what was written can be
//! read back, or it was refused when it was set.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod common;

use std::time::Duration;

use common::{Manager, access, access_with, account, both, cookies, native, run};
use login_core::{LoginError, Request, SecretKey, decode_cookie, encode_cookie};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[ _a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof!["[ _a-z]{0,3}", ".{0,4}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Keys of an application. Those of the library begin with an underscore.
fn data() -> impl Strategy<Value = Vec<(String, Value)>> {
    vec(("[^_].{0,6}", json()), 0..4)
}

/// Checks that each Set-Cookie line is within the size limit and is valid in a header.
fn check_lines(manager: &Manager, cookie: &str) -> Vec<String> {
    let (request_login, login) = access(manager, cookie);
    let _ = login.set_permanent(true);
    let lines = request_login.finish(200).set_cookies;
    for line in &lines {
        let pair = line.split(';').next().unwrap();
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line}");
        assert!(pair.len() - 1 <= 4096, "{line}");
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_login_and_its_data_can_be_read_back(id in ".{0,40}", data in data(), fresh in any::<bool>()) {
        for manager in both(|builder| builder) {
            let (request_login, login) = access(&manager, "");
            login.log_in(account(&id)).fresh(fresh).remember(true).now().unwrap();
            for (key, value) in &data {
                login.insert(key, value).unwrap();
            }
            let cookie = cookies(&request_login);
            let (_, login) = access(&manager, &cookie);
            prop_assert_eq!(&run(&login).unwrap().id, &id);
            for (key, _) in &data {
                let value = &data.iter().rfind(|(other, _)| other == key).unwrap().1;
                prop_assert_eq!(&login.get::<Value>(key).unwrap().unwrap(), value);
            }
            check_lines(&manager, &cookie);
        }
    }

    #[test]
    fn a_remember_cookie_logs_its_own_user_in(id in ".{0,40}", seconds in 1_u64..100_000_000) {
        for manager in both(|builder| builder) {
            let remembered = manager.test_login(account(&id)).remembered(Duration::from_secs(seconds));
            let (_, login) = access(&manager, &remembered.without_session().now().unwrap().header());
            prop_assert_eq!(&run(&login).unwrap().id, &id);
        }
    }

    #[test]
    fn too_large_data_is_refused_and_changes_nothing(length in 0_usize..9000, id in "[a-z]{0,9}") {
        for manager in both(|builder| builder) {
            let (request_login, login) = access(&manager, "");
            login.log_in(account(&id)).now().unwrap();
            // Text that does not compress.
            let mut state = 1_u32;
            let text: String = (0..length).map(|_| {
                state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
                char::from(b'!' + (state >> 16) as u8 % 90)
            }).collect();
            let inserted = login.insert("text", &text);
            let cookie = cookies(&request_login);
            let (_, login) = access(&manager, &cookie);
            let read = login.get::<String>("text").unwrap();
            match inserted {
                Ok(()) => prop_assert_eq!(read, Some(text)),
                Err(LoginError::CookieTooLarge { size, limit, .. }) => {
                    prop_assert!(size > limit && limit == 4096);
                    prop_assert_eq!(read, None);
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
            prop_assert_eq!(&run(&login).unwrap().id, &id);
            check_lines(&manager, &cookie);
        }
    }

    #[test]
    fn a_payload_is_decoded_only_with_its_key(payload in ".{0,60}", key in ".{1,40}", other in ".{1,40}") {
        let (signing, another) = (SecretKey::from_text(&*key).unwrap(), SecretKey::from_text(&*other).unwrap());
        let cookie = encode_cookie(&payload, &signing);
        // HMAC pads keys with zeros, so a few different keys have the same effect.
        let is_same = encode_cookie(&payload, &another) == cookie;
        prop_assert_eq!(decode_cookie(&cookie, &another).is_some(), is_same);
        prop_assert_eq!(decode_cookie(&cookie, &signing), Some(payload));
    }

    /// The MAC keeps its parts separate, so that two clients never have the same binding.
    #[test]
    fn different_clients_never_match(agents in (".{0,20}", ".{0,20}"), addresses in any::<([u8; 16], [u8; 4])>()) {
        let manager = native(|builder| builder.session_protection(login_core::SessionProtection::Strong));
        let clients = [
            (Some(std::net::IpAddr::from(addresses.0)), Some(&agents.0)),
            (Some(addresses.1.into()), Some(&agents.0)),
            (Some(addresses.1.into()), Some(&agents.1)),
            (Some(addresses.1.into()), None),
            (None, Some(&agents.1)),
            (None, None),
        ];
        let request = |(address, agent): (Option<std::net::IpAddr>, Option<&String>), cookie: &str| {
            let request = Request::new("GET", "/").with_header("cookie", cookie.as_bytes());
            let request = match agent {
                Some(agent) => request.with_header("user-agent", agent.as_bytes()),
                None => request,
            };
            match address {
                Some(address) => request.with_peer(address),
                None => request,
            }
        };
        for one in clients {
            let (request_login, login) = access_with(&manager, request(one, ""));
            login.log_in(account("1")).now().unwrap();
            let cookie = cookies(&request_login);
            for other in clients {
                let (_, login) = access_with(&manager, request(other, &cookie));
                let same = one.0.map(|address| address.to_canonical()) == other.0.map(|address| address.to_canonical());
                prop_assert_eq!(run(&login).is_some(), same && one.1 == other.1);
            }
        }
    }

    /// The digest keeps user ID and auth hash separate too.
    #[test]
    fn logins_end_when_the_auth_hash_changes(id in "[ab]{0,4}", hash in "[ab]{0,4}", other in "[ab]{0,4}") {
        let manager = native(|builder| builder);
        let with = |hash: &str| common::Account { hash: Some(hash.to_owned()), ..account(&id) };
        let cookie = manager.test_login(with(&hash)).now().unwrap().header();
        let (_, login) = access(&manager, &cookie);
        let user = common::run_with(&login, |_| Some(with(&other)), None);
        prop_assert_eq!(user.is_some(), hash == other);
    }
}
