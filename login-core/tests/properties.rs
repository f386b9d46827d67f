//! What holds for any user ID, any session data, any client: what is written is read
//! again, or refused where it is made.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::time::Duration;

use common::{Manager, account, both, cookies, look, look_at, native, run};
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

/// Keys of an application: the login's own begin with an underscore.
fn data() -> impl Strategy<Value = Vec<(String, Value)>> {
    vec(("[^_].{0,6}", json()), 0..4)
}

/// Everything that a response sets fits, and is text that a header can hold.
fn check_lines(manager: &Manager, cookie: &str) -> Vec<String> {
    let (request_login, login) = look(manager, cookie);
    let _ = login.set_permanent(true);
    let lines = request_login.finish().set_cookies;
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
    fn a_login_and_its_data_are_read_again(id in ".{0,40}", data in data(), fresh in any::<bool>()) {
        for manager in both(|builder| builder) {
            let (request_login, login) = look(&manager, "");
            login.log_in(account(&id)).fresh(fresh).remember(true).now().unwrap();
            for (key, value) in &data {
                login.insert(key, value).unwrap();
            }
            let cookie = cookies(&request_login);
            let (_, login) = look(&manager, &cookie);
            prop_assert_eq!(&run(&login).unwrap().id, &id);
            for (key, _) in &data {
                let value = &data.iter().rfind(|(other, _)| other == key).unwrap().1;
                prop_assert_eq!(&login.get::<Value>(key).unwrap().unwrap(), value);
            }
            check_lines(&manager, &cookie);
        }
    }

    #[test]
    fn a_remember_cookie_is_good_for_its_user_alone(id in ".{0,40}", seconds in 1_u64..100_000_000) {
        for manager in both(|builder| builder) {
            let remembered = manager.test_login(account(&id)).remembered(Duration::from_secs(seconds));
            let (_, login) = look(&manager, &remembered.without_session().cookie_header().unwrap());
            prop_assert_eq!(&run(&login).unwrap().id, &id);
        }
    }

    #[test]
    fn what_is_too_large_is_refused_and_changes_nothing(length in 0_usize..9000, id in "[a-z]{0,9}") {
        for manager in both(|builder| builder) {
            let (request_login, login) = look(&manager, "");
            login.log_in(account(&id)).now().unwrap();
            // Text that does not compress.
            let mut state = 1_u32;
            let text: String = (0..length).map(|_| {
                state = state.wrapping_mul(1_103_515_245).wrapping_add(12345);
                char::from(b'!' + (state >> 16) as u8 % 90)
            }).collect();
            let inserted = login.insert("text", &text);
            let cookie = cookies(&request_login);
            let (_, login) = look(&manager, &cookie);
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
    fn a_payload_is_decoded_by_its_key_alone(payload in ".{0,60}", key in ".{1,40}", other in ".{1,40}") {
        let (signing, another) = (SecretKey::from_text(&*key).unwrap(), SecretKey::from_text(&*other).unwrap());
        let cookie = encode_cookie(&payload, &signing);
        // HMAC pads keys: of two different ones a few are the same.
        let is_same = encode_cookie(&payload, &another) == cookie;
        prop_assert_eq!(decode_cookie(&cookie, &another).is_some(), is_same);
        prop_assert_eq!(decode_cookie(&cookie, &signing), Some(payload));
    }

    /// The parts of what a MAC is over cannot run into each other.
    #[test]
    fn two_clients_are_never_the_same(agents in (".{0,20}", ".{0,20}"), addresses in any::<([u8; 16], [u8; 4])>()) {
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
            let (request_login, login) = look_at(&manager, request(one, ""));
            login.log_in(account("1")).now().unwrap();
            let cookie = cookies(&request_login);
            for other in clients {
                let (_, login) = look_at(&manager, request(other, &cookie));
                let same = one.0.map(|address| address.to_canonical()) == other.0.map(|address| address.to_canonical());
                prop_assert_eq!(run(&login).is_some(), same && one.1 == other.1);
            }
        }
    }

    /// Nor can a user's ID and the hash that their logins are tied to.
    #[test]
    fn logins_end_with_their_hash(id in "[ab]{0,4}", hash in "[ab]{0,4}", other in "[ab]{0,4}") {
        let manager = native(|builder| builder);
        let with = |hash: &str| common::Account { hash: Some(hash.to_owned()), ..account(&id) };
        let cookie = manager.test_login(with(&hash)).cookie_header().unwrap();
        let (_, login) = look(&manager, &cookie);
        let user = common::run_with(&login, |_| Some(with(&other)), None);
        prop_assert_eq!(user.is_some(), hash == other);
    }
}
