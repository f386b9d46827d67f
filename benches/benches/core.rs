//! Benchmarks of the core's functions, with criterion: `cargo bench`.

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use login_core::adapter::{RequestLogin, Step};
use login_core::{Login, LoginManager, Request, SecretKey, User, decode_cookie, encode_cookie};

struct Account;

impl User for Account {
    type Id = u32;

    fn id(&self) -> u32 {
        412
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        b"what changes with the password".into()
    }
}

fn key() -> SecretKey {
    SecretKey::from_text("benchmark secret key benchmark secret key").expect("a key")
}

fn manager(is_flask: bool) -> LoginManager<Account> {
    let builder = LoginManager::builder(key(), || 1_763_900_000, |buffer: &mut [u8]| buffer.fill(7));
    let builder = if is_flask { builder.flask_compatible() } else { builder };
    builder.build_without_loader().expect("a configuration that works")
}

fn request(cookies: &str) -> Request {
    Request::new("GET", "/settings?next=%2Fhome")
        .with_header("host", b"example.com")
        .with_header("cookie", cookies.as_bytes())
}

fn access(manager: &LoginManager<Account>, request: Request) -> (RequestLogin<Account>, Login<Account>) {
    let request_login = manager.begin();
    let login = request_login.access(|| request);
    (request_login, login)
}

/// Resolves the user of a request, and makes the parts of the response.
fn load(manager: &LoginManager<Account>, request: Request) {
    let (request_login, login) = access(manager, request);
    match login.resolve() {
        Step::LoadUser { token, .. } => assert!(matches!(token.answer(Some(Account)), Step::Done(Ok(Some(_))))),
        _ => panic!("not logged in"),
    }
    black_box(request_login.finish(200));
}

fn logins(criterion: &mut Criterion) {
    for (format, is_flask) in [("native", false), ("flask", true)] {
        let manager = manager(is_flask);
        let day = std::time::Duration::from_secs(86400);
        let session = request(&manager.test_login(Account).now().expect("a cookie").header());
        let remembered = manager.test_login(Account).remembered(day).without_session();
        let remembered = request(&remembered.now().expect("a cookie").header());
        for (what, request) in [("session", session), ("remember cookie", remembered)] {
            criterion.bench_function(&format!("{format}: load by {what}"), |bencher| {
                bencher.iter_batched(|| request.clone(), |request| load(&manager, request), BatchSize::SmallInput);
            });
        }
        criterion.bench_function(&format!("{format}: log in"), |bencher| {
            let log_in = |request| {
                let (request_login, login) = access(&manager, request);
                login.log_in(Account).now().expect("a login");
                request_login.finish(200)
            };
            bencher.iter_batched(|| request("theme=dark"), log_in, BatchSize::SmallInput);
        });
    }
}

fn functions(criterion: &mut Criterion) {
    let key = key();
    let cookie = encode_cookie("412", &key);
    criterion.bench_function("encode_cookie, its key made ready", |bencher| {
        bencher.iter(|| encode_cookie(black_box("412"), &key));
    });
    criterion.bench_function("decode_cookie, its key made ready", |bencher| {
        bencher.iter(|| decode_cookie(black_box(&cookie), &key));
    });
    let manager = manager(false);
    let (_, login) = access(&manager, request(""));
    criterion.bench_function("is_safe_redirect", |bencher| {
        bencher.iter(|| login.is_safe_redirect(black_box("/settings/mail?tab=2#top")));
    });
    criterion.bench_function("next_url", |bencher| bencher.iter(|| login.next_url()));
}

criterion_group!(benches, logins, functions);
criterion_main!(benches);
