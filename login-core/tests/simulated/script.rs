//! What the handler of a request does.

use super::options::Options;
use super::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Look,
    /// Reads all data.
    Read,
    IsFresh,
    /// Logs this user in.
    LogIn(usize, Option<bool>),
    /// Logs out. Perhaps a key is kept.
    LogOut(bool),
    Confirm,
    Insert,
    /// Sets the key that a logout keeps.
    InsertKept,
    /// Inserts without having asked who is logged in.
    InsertUnseen,
    Remove(usize),
    Update,
    Flash,
    TakeFlashes,
    SetPermanent(bool),
    Sessions,
    /// Ends a session of the list.
    EndOne(usize),
    EndOthers,
    EndAll,
    Save,
    Recheck,
}

impl Action {
    /// Whether a failure of the store is in its result, and a handler may go on without it.
    pub(crate) fn reports_failures(self) -> bool {
        matches!(self, Self::Sessions | Self::EndOne(_) | Self::EndOthers | Self::EndAll | Self::Recheck)
    }

    fn only_reads(self) -> bool {
        matches!(self, Self::Look | Self::Read | Self::IsFresh)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) actions: Vec<Action>,
    /// The status if no action fails.
    pub(crate) status: u16,
    /// Whether the handler goes on when an action fails.
    pub(crate) goes_on: bool,
}

impl Script {
    pub(crate) fn only_reads(&self) -> bool {
        self.actions.iter().all(|action| action.only_reads())
    }

    pub(crate) fn ends_logins(&self) -> bool {
        let ends = |action: &Action| {
            matches!(action, Action::LogIn(..) | Action::LogOut(_) | Action::EndOne(_) | Action::EndAll)
        };
        self.actions.iter().any(ends)
    }

    pub(crate) fn of(actions: &[Action]) -> Self {
        Self { actions: actions.to_vec(), status: 200, goes_on: false }
    }

    pub(crate) fn random(random: &mut Random, options: &Options) -> Self {
        let status = if random.percent(8) { 503 } else { 200 };
        let goes_on = random.percent(30);
        let mut actions = Vec::new();
        if random.percent(3) {
            return Self { actions, status, goes_on };
        }
        if random.percent(75) {
            actions.push(Action::Look);
        }
        if random.percent(70) {
            for _ in 0..1 + random.below(4) {
                actions.push(Self::action(random, options));
            }
        } else if random.percent(70) {
            actions.extend([Action::Read, Action::IsFresh]);
        }
        Self { actions, status, goes_on }
    }

    fn action(random: &mut Random, options: &Options) -> Action {
        let log_in =
            Action::LogIn(random.below(options.users), random.pick(&[Some(true), Some(true), Some(false), None]));
        let number = random.below(1000);
        random.weighted(&[
            (4, Action::Look),
            (6, Action::Read),
            (4, Action::IsFresh),
            (16, log_in),
            (5, Action::LogOut(number.is_multiple_of(2))),
            (9, Action::Confirm),
            (7, Action::Insert),
            (3, Action::InsertKept),
            (3, Action::InsertUnseen),
            (5, Action::Remove(number)),
            (14, Action::Update),
            (7, Action::Flash),
            (6, Action::TakeFlashes),
            (4, Action::SetPermanent(number.is_multiple_of(2))),
            (3, Action::Sessions),
            (2, Action::EndOne(number)),
            (2, Action::EndOthers),
            (1, Action::EndAll),
            (9, Action::Save),
            (4, Action::Recheck),
        ])
    }
}
