//! The secret of a cookie, as the record keeps it, and its replacement by a successor.

use crate::formats::native::token::Token;

/// How long a secret is accepted after a request has presented its successor, in seconds. Requests
/// that were sent with it at the same time take no longer.
pub(crate) const GRACE: u64 = 60;

pub(crate) type Hash = [u8; 32];

/// The secret of a cookie. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// How often the secret was replaced.
    pub(crate) generation: u32,
    pub(crate) current: Hash,
    pub(crate) previous: Option<Hash>,
    /// When the current secret was made.
    pub(crate) rotated_at: u64,
    /// When a request first presented the current secret, so that its browser has it.
    pub(crate) presented_at: Option<u64>,
}

/// What a secret is to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presented {
    Current,
    /// The one before, from a browser that need not have the current one yet.
    Previous,
    /// One that was replaced so long ago that its browser must have the successor.
    Replaced,
    /// None that this record could tell. It may be too early to say that it was replaced.
    Unknown,
}

impl Rotation {
    pub(crate) fn new(first: &Token, now: u64) -> Self {
        Self { generation: 0, current: first.hash(), previous: None, rotated_at: now, presented_at: None }
    }

    pub(crate) fn judge(&self, token: &Token, now: u64) -> Presented {
        let is_over = |since: u64| now > since.saturating_add(GRACE);
        let hash = token.hash();
        if token.generation == self.generation {
            return if hash == self.current { Presented::Current } else { Presented::Unknown };
        }
        if token.generation > self.generation {
            return Presented::Unknown;
        }
        let is_previous = token.generation + 1 == self.generation && self.previous == Some(hash);
        match self.presented_at {
            None if is_previous => Presented::Previous,
            Some(at) if is_previous && !is_over(at) => Presented::Previous,
            Some(_) if is_previous => Presented::Replaced,
            // Its successor was presented at the latest when the current secret was made.
            _ if is_over(self.rotated_at) => Presented::Replaced,
            _ => Presented::Unknown,
        }
    }

    /// Whether this token is one that would follow. It does not if another request has replaced the
    /// secret.
    pub(crate) fn precedes(&self, next: &Token) -> bool {
        next.generation == self.generation.saturating_add(1)
    }

    /// Replaces the current secret, unless another request has done so.
    pub(crate) fn rotate(&mut self, next: &Token, now: u64) {
        if self.precedes(next) {
            self.previous = Some(std::mem::replace(&mut self.current, next.hash()));
            (self.generation, self.rotated_at, self.presented_at) = (next.generation, now, None);
        }
    }

    /// Whether the browser is not yet known to have the current secret.
    pub(crate) fn awaits_presentation(&self) -> bool {
        self.previous.is_some() && self.presented_at.is_none()
    }

    /// A request has presented the current secret.
    pub(crate) fn present(&mut self, now: u64) {
        if self.awaits_presentation() {
            self.presented_at = Some(now);
        }
    }

    /// Whether this is the current secret.
    pub(crate) fn is_current(&self, token: &Token) -> bool {
        token.generation == self.generation && token.hash() == self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::native::token::Purpose;
    use crate::formats::native::token::tests::{key, token};

    const NOW: u64 = 1_000;

    fn next(token: &Token) -> Token {
        token.successor(Purpose::Session, token.generation + 1, &key("one key"))
    }

    #[test]
    fn a_secret_is_accepted_until_its_successor_was_presented_and_a_while_longer() {
        let first = token(0, 1);
        let second = next(&first);
        let mut rotation = Rotation::new(&first, NOW);
        assert_eq!(rotation.judge(&first, NOW), Presented::Current);
        assert_eq!(rotation.judge(&second, NOW), Presented::Unknown);
        rotation.rotate(&second, NOW);
        assert_eq!(rotation.judge(&second, NOW), Presented::Current);
        assert_eq!(rotation.judge(&first, u64::MAX), Presented::Previous, "the response may be lost");
        rotation.present(NOW + 5);
        rotation.present(NOW + 50);
        assert_eq!(rotation.judge(&first, NOW + 5 + GRACE), Presented::Previous);
        assert_eq!(rotation.judge(&first, NOW + 6 + GRACE), Presented::Replaced);
        assert_eq!(rotation.judge(&second, u64::MAX), Presented::Current);
    }

    #[test]
    fn an_older_secret_was_replaced_only_after_a_while() {
        let first = token(0, 1);
        let mut rotation = Rotation::new(&first, NOW);
        rotation.rotate(&next(&first), NOW);
        rotation.rotate(&next(&next(&first)), NOW + 10);
        assert_eq!(rotation.judge(&first, NOW + 10 + GRACE), Presented::Unknown);
        assert_eq!(rotation.judge(&first, NOW + 11 + GRACE), Presented::Replaced);
    }

    #[test]
    fn a_secret_that_is_not_made_yet_is_no_old_one() {
        let first = token(0, 1);
        let rotation = Rotation::new(&first, NOW);
        assert_eq!(rotation.judge(&next(&first), u64::MAX), Presented::Unknown, "the store may have lost a write");
    }

    #[test]
    fn of_two_rotations_the_first_counts() {
        let first = token(0, 1);
        let mut rotation = Rotation::new(&first, NOW);
        rotation.rotate(&next(&first), NOW);
        rotation.present(NOW);
        let rotated = rotation.clone();
        rotation.rotate(&next(&first), NOW + 1);
        rotation.rotate(&token(1, 9), NOW + 1);
        assert_eq!(rotation, rotated);
        assert_eq!(rotation.judge(&token(1, 9), NOW), Presented::Unknown);
        assert_eq!(rotation.judge(&token(0, 9), NOW), Presented::Unknown);
    }

    #[test]
    fn the_first_secret_awaits_nothing() {
        let mut rotation = Rotation::new(&token(0, 1), NOW);
        assert!(!rotation.awaits_presentation());
        rotation.present(NOW);
        assert_eq!(rotation.presented_at, None);
    }
}
