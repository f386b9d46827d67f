//! How many sessions a user may have at the same time.

use login_store::{Record, SessionId};

use crate::formats::native::session::Ages;
use crate::store::load;
use crate::store::login_record::{LoginRecord, millis};
use crate::store::step::Failure;

/// When to say that a new record was made, in milliseconds since 1970: after all others of its
/// user, by whatever clock these were made. Those that are no logins do not count.
pub(crate) fn created_after(others: Vec<Record>, ages: Ages, now: u64) -> Result<u64, Failure> {
    let newest = usable(others, ages, now)?.last().map_or(0, |login| login.record.created.saturating_add(1));
    Ok(newest.max(millis(now)))
}

/// The sessions that are too many: all but the newest `limit`.
pub(crate) fn surplus(all: Vec<Record>, limit: usize, ages: Ages, now: u64) -> Result<Vec<SessionId>, Failure> {
    let logins = usable(all, ages, now)?;
    let surplus = logins.len().saturating_sub(limit);
    Ok(logins.into_iter().take(surplus).map(|login| login.record.id).collect())
}

/// The logins of a user that can be used, in the order in which they were made.
pub(crate) fn usable(records: Vec<Record>, ages: Ages, now: u64) -> Result<Vec<LoginRecord>, Failure> {
    let mut logins = Vec::with_capacity(records.len());
    for record in records {
        logins.extend(load::read(Ok(Some(record)))?.filter(|login| login.is_usable(ages, now)));
    }
    // A store has this order, but a limit must not depend on it.
    logins.sort_by_key(|login| (login.record.created, login.record.id));
    Ok(logins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::login_record::tests::{AGES, NOW, login_record};

    fn made(byte: u8, created: u64) -> Record {
        let login = login_record();
        Record { id: SessionId::from_bytes([byte; 16]), created, ..login.to_record() }
    }

    #[test]
    fn a_new_session_comes_after_all_others() {
        let after = |others: Vec<Record>| created_after(others, AGES, NOW).unwrap();
        let now = NOW * 1000;
        assert_eq!(after(vec![]), now);
        assert_eq!(after(vec![made(1, now - 5)]), now);
        assert_eq!(after(vec![made(2, now + 7), made(1, now)]), now + 8);
        assert_eq!(after(vec![made(1, now + 61_000)]), now, "that is no login");
    }

    #[test]
    fn the_oldest_are_too_many() {
        let now = NOW * 1000;
        let all = || vec![made(3, now), made(2, now - 1), made(1, now), made(9, now + 99_000)];
        let ids = |limit| {
            let surplus = surplus(all(), limit, AGES, NOW).unwrap();
            surplus.into_iter().map(|id| id.as_bytes()[0]).collect::<Vec<_>>()
        };
        assert_eq!((ids(3), ids(2), ids(1)), (vec![], vec![2], vec![2, 1]));
    }
}
