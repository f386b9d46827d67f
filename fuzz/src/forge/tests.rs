//! Tests that forged cookies are those that the library writes and accepts.

use crate::account::{Account, load, whoever};
use crate::browser::Jar;
use crate::forge::{RememberFields, SessionFields, quote_cookie};
use crate::site::{self, NOW};

fn account() -> Account {
    Account { hash: Some(b"hash".to_vec()), ..Account::new("佐藤") }
}

#[test]
fn native_cookies_of_the_library_have_the_forged_format() {
    let manager = site::native().build_without_loader().unwrap();
    let request_login = manager.begin();
    let login = request_login.access(|| site::with_cookies(""));
    login.log_in(account()).remember(true).now().unwrap();
    login.insert("colour", "red").unwrap();
    let mut jar = Jar::default();
    jar.keep(&request_login.finish(200).set_cookies);

    let forger = site::native_forger();
    let session = SessionFields::parse(&forger.open_session(jar.get(site::NATIVE_SESSION).unwrap()).unwrap()).unwrap();
    assert_eq!(session.user_id(), Some("佐藤"));
    let login = session.login.unwrap();
    assert_eq!((session.signed_at, login.began_at, login.login_at), (NOW, NOW, NOW));
    assert_eq!(login.login_id, [7; 16]);
    assert_eq!(session.client, Some(forger.unknown_client()));
    assert_eq!(session.auth, Some(forger.auth("佐藤", b"hash")));
    assert_eq!(session.data, br#"{"colour":"red"}"#);

    let fields = forger.open_remember(jar.get(site::NATIVE_REMEMBER).unwrap()).unwrap();
    let token = RememberFields::parse(&fields).unwrap();
    assert_eq!(token.user_id(NOW), Some("佐藤"));
    assert_eq!(token.auth, Some(forger.auth("佐藤", b"hash")));
    let forged = forger.remember(forger.header(), &fields);
    let (_, login) = site::sending(&manager, site::NATIVE_REMEMBER, forged);
    let user = load(&login, |id| Some(Account { hash: Some(b"hash".to_vec()), ..Account::new(id) }));
    assert_eq!(user.unwrap().unwrap().id, "佐藤");
}

#[test]
fn forged_flask_cookies_are_accepted() {
    let (manager, forger) = (site::flask().build_without_loader().unwrap(), site::flask_forger());
    let json = br#"{"_user_id":"1","n":NaN}"#;
    let zlib = miniz_oxide::deflate::compress_to_vec_zlib(json, 6);
    for cookie in [forger.session(json, NOW), forger.zipped_session(&zlib, NOW)] {
        let (_, login) = site::sending(&manager, site::FLASK_SESSION, &cookie);
        assert_eq!(whoever(&login).as_deref(), Some("1"));
        assert_eq!(forger.open_session(&cookie).unwrap().as_bytes(), json);
    }
    let cookie = forger.remember("佐藤".as_bytes());
    for value in [quote_cookie(&cookie), cookie] {
        let (_, login) = site::sending(&manager, site::FLASK_REMEMBER, value);
        assert_eq!(whoever(&login).as_deref(), Some("佐藤"));
    }
}

#[test]
fn flask_cookies_of_the_library_have_the_forged_format() {
    let manager = site::flask().build_without_loader().unwrap();
    let request_login = manager.begin();
    let login = request_login.access(|| site::with_cookies(""));
    login.log_in(account()).remember(true).now().unwrap();
    let lines = request_login.finish(200).set_cookies;
    let mut jar = Jar::default();
    jar.keep(&lines);
    let json = site::flask_forger().open_session(jar.get(site::FLASK_SESSION).unwrap()).unwrap();
    assert!(json.contains(r#""_user_id":"\u4f50\u85e4""#), "{json}");
    let key = login_core::SecretKey::from_text(site::SECRET).unwrap();
    assert_eq!(login_core::encode_cookie("佐藤", &key).as_bytes(), site::flask_forger().remember("佐藤".as_bytes()));
}
