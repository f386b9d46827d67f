//! A site with a session store in memory, and browsers that visit it.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use login_core::adapter::ResponseParts;
use login_core::{Event, EventKind, Login, LoginManager, Request, SecretKey, TestClock};
use login_store::MemoryStore;

use super::{Account, Builder, KEY, Manager, NOW, account};

/// A site with a session store in memory.
pub(crate) struct Site {
    pub(crate) manager: Manager,
    pub(crate) store: MemoryStore,
    pub(crate) clock: TestClock,
    pub(crate) users: Users,
    pub(crate) events: Arc<Mutex<Vec<String>>>,
}

/// The users of the site, who may change.
pub(crate) type Users = Arc<Mutex<BTreeMap<String, Account>>>;

/// Bytes that are different each time.
pub(crate) fn counting() -> impl Fn(&mut [u8]) + Send + Sync + 'static {
    let count = AtomicU64::new(1);
    move |buffer: &mut [u8]| {
        let seed = count.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        buffer.iter_mut().zip(seed.iter().rev().cycle()).for_each(|(byte, seed)| *byte = *seed);
    }
}

impl Site {
    pub(crate) fn new(change: impl FnOnce(Builder) -> Builder) -> Self {
        let store = MemoryStore::new();
        Self::on(store.clone(), store, change)
    }

    /// A site whose sessions are in `kept`, and whose records are those of `store`.
    pub(crate) fn on(
        kept: impl login_core::SessionStore,
        store: MemoryStore,
        change: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let clock = TestClock::new(NOW);
        let users: Users = Arc::default();
        users.lock().unwrap().extend(["1", "2"].map(|id| (id.to_owned(), account(id))));
        let events: Arc<Mutex<Vec<String>>> = Arc::default();
        let key = SecretKey::from_text(KEY).unwrap();
        let (loaded, notified) = (Arc::clone(&users), Arc::clone(&events));
        let builder = LoginManager::builder(key, clock.clone(), counting()).session_store(kept).on_event(
            move |event: &Event<'_, Account>| {
                if !matches!(event.kind(), EventKind::Accessed) {
                    notified.lock().unwrap().push(event.name().to_owned());
                }
            },
        );
        let load = move |id: String| {
            let user = loaded.lock().unwrap().get(&id).cloned();
            async move { Ok::<_, std::io::Error>(user) }
        };
        let manager = change(builder).build(load).unwrap();
        Self { manager, store, clock, users, events }
    }

    /// A request of the browser, and what its handler returns.
    pub(crate) async fn visit<F: Future>(
        &self,
        browser: &mut Browser,
        handler: impl FnOnce(Login<Account>) -> F,
    ) -> F::Output {
        self.visit_with(browser, 200, handler).await.0
    }

    /// A request that is answered with this status, and what its response contains.
    pub(crate) async fn visit_with<F: Future>(
        &self,
        browser: &mut Browser,
        status: u16,
        handler: impl FnOnce(Login<Account>) -> F,
    ) -> (F::Output, ResponseParts) {
        let request_login = self.manager.begin();
        let login = request_login.access(|| browser.request());
        let loaded = login.load().await;
        let output = handler(login).await;
        drop(loaded);
        let parts = request_login.finish_with_store(status).await;
        browser.receive(&parts);
        (output, parts)
    }

    pub(crate) async fn log_in(&self, browser: &mut Browser, id: &str, remember: bool) {
        let user = account(id);
        self.visit(browser, async |login| login.log_in(user).remember(remember).await.unwrap()).await;
    }

    /// The ID of the user who is logged in.
    pub(crate) async fn who(&self, browser: &mut Browser) -> Option<String> {
        self.visit(browser, async |login| login.user().await.unwrap().map(|user| user.id.clone())).await
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }
}

/// A browser with its cookies.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) agent: Option<&'static str>,
    /// Whether another site's page sends its requests.
    pub(crate) is_foreign: bool,
}

pub(crate) const SESSION: &str = "__Host-session";
pub(crate) const REMEMBER: &str = "__Host-remember_token";

impl Browser {
    pub(crate) fn request(&self) -> Request {
        let line = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut request = Request::new("GET", "/here");
        if !line.is_empty() {
            request = request.with_header("cookie", line.as_bytes());
        }
        if let Some(agent) = self.agent {
            request = request.with_header("user-agent", agent.as_bytes());
        }
        if self.is_foreign {
            request = request.with_header("sec-fetch-site", b"cross-site");
        }
        request
    }

    pub(crate) fn receive(&mut self, parts: &ResponseParts) {
        for line in &parts.set_cookies {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Is closed and opened again.
    pub(crate) fn close(&mut self) {
        self.cookies.remove(SESSION);
    }
}
