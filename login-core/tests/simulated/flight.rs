//! What is in flight: requests, calls of the store, responses.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use login_core::adapter::ResponseParts;

use super::browser::shown;
use super::request::Visitor;
use super::scheduler::Schedule;
use super::script::Script;
use super::store::Fate;

pub(super) type Handling = Pin<Box<dyn Future<Output = Option<ResponseParts>>>>;

pub(super) struct Running {
    pub(super) number: usize,
    /// The browser, and how often it was closed before.
    pub(super) sent_by: Option<(usize, usize)>,
    pub(super) sent_at: u64,
    pub(super) handling: Handling,
}

pub(super) struct Finished {
    pub(super) number: usize,
    pub(super) sent_by: (usize, usize),
    pub(super) sent_at: u64,
    pub(super) parts: ResponseParts,
}

impl Schedule {
    pub(super) fn send(&mut self, browser: usize, script: Script) {
        self.requests += 1;
        let number = self.requests;
        let sender = &mut self.browsers[browser];
        let (request, sent) = sender.send(self.now);
        let sent_by = Some((browser, sender.closed));
        self.trace.push(format!("{number} of browser {browser}: {script:?} with {sent:?}"));
        let (manager, model) = (self.site.manager.clone(), Arc::clone(&self.model));
        let visitor = Visitor { manager, model, number, browser, script };
        let handling = Box::pin(async move { Some(visitor.handle(request, sent).await.1) });
        self.running.push(Running { number, sent_by, sent_at: self.now, handling });
    }

    pub(super) fn poll(&mut self, at: usize) {
        let Running { number, sent_by, sent_at, handling } = &mut self.running[at];
        self.store.set_current(*number);
        let Poll::Ready(parts) = handling.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { return };
        let cookies = parts.iter().flat_map(|parts| &parts.set_cookies).map(|line| shown(line)).collect::<Vec<_>>();
        self.trace.push(format!("{number} has ended: {cookies:?}"));
        if let (Some(parts), Some(sent_by)) = (parts, *sent_by) {
            self.finished.push(Finished { number: *number, sent_by, sent_at: *sent_at, parts });
        }
        self.running.remove(at);
    }

    pub(super) fn decide(&mut self, at: usize, fate: Fate) {
        let effect = self.store.decide(at, fate);
        let ids = |records: &[login_store::Record]| records.iter().map(|each| each.id.to_string()).collect::<Vec<_>>();
        self.trace.push(format!(
            "{} of {}: {fate:?}, wrote {:?}, removed {:?}",
            effect.method,
            effect.request,
            ids(&effect.written),
            ids(&effect.removed)
        ));
        self.model.lock().unwrap().effect(&effect);
    }

    pub(super) fn deliver(&mut self, at: usize, is_lost: bool) {
        let Finished { number, sent_by: (browser, closed), parts, .. } = self.finished.remove(at);
        let browser = &mut self.browsers[browser];
        let is_lost = is_lost || browser.closed != closed;
        self.trace.push(format!("response to {number} {}", if is_lost { "is lost" } else { "is delivered" }));
        if !is_lost {
            browser.receive(&parts, self.now);
        }
    }

    /// Everything that has begun ends, in any order.
    pub(super) fn settle(&mut self) {
        let loses = self.options.loses;
        while !self.running.is_empty() || self.store.waiting() > 0 || !self.finished.is_empty() {
            let (running, waiting, finished) = (self.running.len(), self.store.waiting(), self.finished.len());
            let choice = self.random.below(running + waiting + finished);
            if choice < running {
                self.poll(choice);
            } else if choice < running + waiting {
                self.decide(choice - running, Fate::Answered);
            } else {
                let is_lost = loses && self.random.percent(20);
                self.deliver(choice - running - waiting, is_lost);
            }
        }
    }

    /// Everything that has begun ends, and every response is delivered.
    pub(super) fn settle_all(&mut self) {
        let loses = std::mem::replace(&mut self.options.loses, false);
        self.settle();
        self.options.loses = loses;
    }
}
