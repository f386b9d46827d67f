//! How many sessions a user may have at the same time.

use login_store::{Record, SessionId};

use crate::formats::native::session::Ages;
use crate::store::load;
use crate::store::login_record::LoginRecord;
use crate::store::step::Failure;

/// When to say that a new record was made, in milliseconds since 1970: after all others of its
/// user, by whatever clock these were made. Those that are no logins do not count.
pub(crate) fn created_after(others: Vec<Record>, created: u64, ages: Ages, now: u64) -> u64 {
    let newest = counted(others, ages, now).into_iter().map(|(created, _)| created.saturating_add(1)).max();
    newest.map_or(created, |newest| newest.max(created))
}

/// The sessions that are too many: all but the newest `limit`.
pub(crate) fn surplus(all: Vec<Record>, limit: usize, ages: Ages, now: u64) -> Vec<SessionId> {
    let mut counted = counted(all, ages, now);
    // A store has this order, but a limit must not depend on it.
    counted.sort_unstable();
    let surplus = counted.len().saturating_sub(limit);
    counted.into_iter().take(surplus).map(|(_, id)| id).collect()
}

/// When the sessions that can be used were made, and their IDs. One that cannot be read may be
/// usable for a newer version of this library.
fn counted(records: Vec<Record>, ages: Ages, now: u64) -> Vec<(u64, SessionId)> {
    let is_counted = |(created, id, record): (u64, SessionId, Record)| {
        let is_counted = LoginRecord::read(record).map_or(true, |login| login.is_usable(ages, now));
        is_counted.then_some((created, id))
    };
    records.into_iter().map(|record| (record.created, record.id, record)).filter_map(is_counted).collect()
}

/// The logins of a user that can be used, in the order in which they were made.
pub(crate) fn usable(records: Vec<Record>, ages: Ages, now: u64) -> Result<Vec<LoginRecord>, Failure> {
    let mut logins = Vec::with_capacity(records.len());
    for record in records {
        logins.extend(load::read(Ok(Some(record)))?.filter(|login| login.is_usable(ages, now)));
    }
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
        let now = NOW * 1000;
        let after = |others: Vec<Record>| created_after(others, now, AGES, NOW);
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
            let surplus = surplus(all(), limit, AGES, NOW);
            surplus.into_iter().map(|id| id.as_bytes()[0]).collect::<Vec<_>>()
        };
        assert_eq!((ids(3), ids(2), ids(1)), (vec![], vec![2], vec![2, 1]));
        let unreadable = Record { body: vec![99], ..made(4, now + 1) };
        let all = vec![unreadable, made(1, now)];
        assert_eq!(surplus(all, 1, AGES, NOW), [SessionId::from_bytes([1; 16])], "it counts");
    }
}
