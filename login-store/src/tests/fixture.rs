//! Records for the rules, and how they are compared.

use std::error::Error;

use crate::id::SessionId;
use crate::record::Record;

/// The year 2100 in milliseconds. A store that removes ended records by itself never removes records that
/// end later than this.
pub(super) const TIME: u64 = 4_102_444_800_000;

/// Makes the IDs of one rule, which has this name. No other rule has the same ones, so that rules that
/// run at the same time in one database do not disturb each other.
#[derive(Clone, Copy)]
pub(crate) struct Names(pub(crate) &'static str);

impl Names {
    /// Session IDs that are in the order of their numbers.
    pub(crate) fn id(self, number: u64) -> SessionId {
        // FNV-1a
        let hash = self
            .0
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        SessionId::from_bytes((u128::from(hash) << 64 | u128::from(number)).to_be_bytes())
    }

    pub(crate) fn user(self, number: u64) -> Vec<u8> {
        format!("{} {number}", self.0).into_bytes()
    }

    /// A record of user 0. No field has the same value as another one, and records with different
    /// numbers share only the user.
    pub(crate) fn record(self, number: u64) -> Record {
        Record {
            id: self.id(number),
            user_id: self.user(0),
            version: number + 3,
            created: TIME + number,
            seen: TIME + 1_000 + number,
            ends: TIME + 2_000 + number,
            body: format!("the body of {} {number}", self.0).into_bytes(),
        }
    }
}

/// What the store answered, which must not be an error.
#[track_caller]
pub(super) fn ok<T>(result: Result<T, impl Into<Box<dyn Error + Send + Sync>>>) -> T {
    result.unwrap_or_else(|error| {
        let error = error.into();
        panic!("the store failed: {error} ({error:?})")
    })
}

/// Compares what `find` or `of_user` returned, field by field and in this order.
#[track_caller]
pub(super) fn assert_records(found: impl IntoIterator<Item = Record>, expected: &[&Record]) {
    let found: Vec<_> = found.into_iter().collect();
    let ids = |records: &mut dyn Iterator<Item = &Record>| records.map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(&mut found.iter()), ids(&mut expected.iter().copied()), "the IDs of the records");
    for (found, expected) in found.iter().zip(expected) {
        let id = found.id;
        assert_eq!(found.user_id, expected.user_id, "the user ID of {id}");
        assert_eq!(found.version, expected.version, "the version of {id}");
        assert_eq!(found.created, expected.created, "when {id} was created");
        assert_eq!(found.seen, expected.seen, "when {id} was seen");
        assert_eq!(found.ends, expected.ends, "when {id} ends");
        // Not `assert_eq!`, because a body may be a megabyte.
        assert!(
            found.body == expected.body,
            "the body of {id} differs: {} bytes instead of {}, or other ones",
            found.body.len(),
            expected.body.len(),
        );
    }
}
