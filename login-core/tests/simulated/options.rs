//! How the site of a schedule is configured, and what may happen in it.

use std::time::Duration;

use login_core::SessionProtection;

use super::random::Random;
use crate::common::Builder;

/// The lifetime of a session that is not used, without an idle timeout, in seconds: the default.
const SESSION_LIFETIME: u64 = 31 * 24 * 60 * 60;

/// How a login is remembered, in seconds.
pub(crate) const REMEMBERED: u64 = 3 * 60 * 60;

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) max_sessions: Option<usize>,
    pub(crate) idle_timeout: Option<u64>,
    /// How long a login lasts at most, in seconds.
    pub(crate) login_lifetime: Option<u64>,
    pub(crate) protection: SessionProtection,
    pub(crate) refreshes: bool,
    pub(crate) ends_all_on_theft: bool,
    /// Whether the store may fail.
    pub(crate) fails: bool,
    /// Whether clients go away, and responses are lost.
    pub(crate) loses: bool,
    /// Whether someone copies cookies.
    pub(crate) has_thief: bool,
    /// Whether browsers change their user agent.
    pub(crate) changes_agents: bool,
    /// Whether an administrator ends sessions.
    pub(crate) has_administrator: bool,
    /// Whether visitors' values that were removed must not come back.
    pub(crate) tracks_visitors: bool,
    pub(crate) browsers: usize,
    /// How many requests run at the same time at most.
    pub(crate) parallel: usize,
    /// How many users log in.
    pub(crate) users: usize,
}

impl Options {
    pub(crate) fn random(random: &mut Random) -> Self {
        let max_sessions = random.pick(&[None, None, Some(1), Some(2), Some(3)]);
        let protections = [SessionProtection::Off, SessionProtection::Basic, SessionProtection::Strong];
        Self {
            max_sessions,
            idle_timeout: random.pick(&[None, None, Some(40), Some(300), Some(3600)]),
            login_lifetime: random.pick(&[None, None, Some(5000)]),
            protection: random.pick(&protections),
            refreshes: random.percent(20),
            ends_all_on_theft: random.percent(30),
            fails: random.percent(40),
            loses: random.percent(60),
            has_thief: random.percent(30),
            changes_agents: random.percent(30),
            has_administrator: random.percent(40),
            tracks_visitors: false,
            browsers: 1 + random.below(3),
            parallel: 1 + random.below(6),
            users: 1 + random.below(2),
        }
    }

    /// One honest browser, a store that works, and nothing that is lost.
    pub(crate) fn calm() -> Self {
        Self {
            max_sessions: None,
            idle_timeout: None,
            login_lifetime: None,
            protection: SessionProtection::Basic,
            refreshes: false,
            ends_all_on_theft: false,
            fails: false,
            loses: false,
            has_thief: false,
            changes_agents: false,
            has_administrator: false,
            tracks_visitors: true,
            browsers: 1,
            parallel: 6,
            users: 1,
        }
    }

    pub(crate) fn configure(&self, builder: Builder) -> Builder {
        let builder = builder.remember_duration(Duration::from_secs(REMEMBERED)).session_protection(self.protection);
        let builder = match self.max_sessions {
            Some(count) => builder.max_sessions(count),
            None => builder,
        };
        let builder = match self.idle_timeout {
            Some(seconds) => builder.idle_timeout(Duration::from_secs(seconds)),
            None => builder,
        };
        let builder = match self.login_lifetime {
            Some(seconds) => builder.login_lifetime(Duration::from_secs(seconds)),
            None => builder,
        };
        let builder = if self.refreshes { builder.refresh_remember_cookie_each_request() } else { builder };
        if self.ends_all_on_theft { builder.end_all_on_theft() } else { builder }
    }

    /// How long a session lasts without use, in seconds.
    pub(crate) fn session_age(&self) -> u64 {
        self.idle_timeout.unwrap_or(SESSION_LIFETIME)
    }
}
