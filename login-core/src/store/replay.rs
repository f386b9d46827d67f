//! What a request changes in a record. If another request has changed the record meanwhile, all
//! of it is made again to what is there now.

use crate::formats::native::token::Token;
use crate::session::content::Session;
use crate::session::transitions::Change;
use crate::store::body::{Client, Remember};
use crate::store::login_record::LoginRecord;

/// A change of a record. Times are in seconds since 1970.
#[derive(Clone)]
pub(crate) enum RecordChange {
    Session(Change),
    /// The browser has the secrets of these generations: it presented one of them. They may be
    /// replaced meanwhile.
    Presented {
        session: u32,
        remember: Option<u32>,
        at: u64,
    },
    /// The secret of the session cookie is replaced.
    RotateSession {
        next: Token,
        at: u64,
    },
    /// A remember cookie restores the login, and the secrets of both cookies are replaced. If another
    /// request has done one of the two, nothing is: that one's session counts, and a browser that
    /// presents one of the new secrets is to have the other too.
    Restore {
        change: Change,
        session: Token,
        remember: Token,
        at: u64,
    },
    /// The remember cookie is valid for its whole duration again.
    ExtendRemember {
        ends_at: u64,
    },
    /// The client that the login belongs to.
    Client(Client),
}

impl RecordChange {
    /// Whether it makes the session last as long as a new one. It does with cookies, where it would
    /// send a new one.
    pub(crate) fn writes_session(&self) -> bool {
        match self {
            Self::Session(_) | Self::RotateSession { .. } | Self::Restore { .. } => true,
            Self::Presented { .. } | Self::ExtendRemember { .. } | Self::Client(_) => false,
        }
    }

    /// Makes it to a session alone, if it is a change of one.
    pub(crate) fn apply_to_session(&self, session: &mut Session) {
        if let Self::Session(change) = self {
            change.apply(session);
        }
    }

    fn apply(&self, login: &mut LoginRecord) {
        let body = &mut login.body;
        match self {
            Self::Session(change) => {
                change.apply(&mut body.session);
            }
            Self::Presented { session, remember, at } => {
                if body.secret.generation == *session {
                    body.secret.present(*at);
                }
                if let Some(Remember { secret, .. }) = &mut body.remember
                    && Some(secret.generation) == *remember
                {
                    secret.present(*at);
                }
            }
            Self::RotateSession { next, at } => body.secret.rotate(next, *at),
            Self::Restore { change, session, remember, at } => {
                let Some(Remember { secret, .. }) = &mut body.remember else { return };
                if body.secret.precedes(session) && secret.precedes(remember) {
                    change.apply(&mut body.session);
                    body.secret.rotate(session, *at);
                    secret.rotate(remember, *at);
                }
            }
            Self::ExtendRemember { ends_at } => {
                if let Some(remember) = &mut body.remember {
                    remember.ends_at = remember.ends_at.max(*ends_at);
                }
            }
            Self::Client(client) => body.client.clone_from(client),
        }
    }
}

/// The record as the request leaves it, now that its content is this.
pub(crate) fn replayed(base: &LoginRecord, changes: &[RecordChange]) -> LoginRecord {
    let mut login = base.clone();
    changes.iter().for_each(|change| change.apply(&mut login));
    login
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::login_record::tests::login_record;

    #[test]
    fn changes_are_made_to_what_is_there_now() {
        let mut meanwhile = login_record();
        meanwhile.body.session.data.set("theirs", "1");
        meanwhile.body.session.data.set("both", "1");
        meanwhile.body.session.data.set("_flashes", "[1,2,3]");
        let plus_one = |old: Option<&str>| Some((old.map_or(0, |old| old.parse().unwrap()) + 1).to_string());
        let changes = [
            Change::Insert("ours".to_owned(), "2".to_owned()),
            Change::Update("both".to_owned(), std::sync::Arc::new(plus_one)),
            Change::TakeFlashes(vec!["1".to_owned(), "2".to_owned()]),
            Change::TakeNext("\"/\"".to_owned()),
        ];
        let changes: Vec<_> = changes.into_iter().map(RecordChange::Session).collect();
        let session = replayed(&meanwhile, &changes).body.session;
        let data = |key: &str| session.data.get(key);
        assert_eq!((data("theirs"), data("ours"), data("both")), (Some("1"), Some("2"), Some("2")));
        assert_eq!(data("_flashes"), Some("[3]"), "only what was read is removed");
    }

    #[test]
    fn a_next_that_another_request_stored_stays() {
        let mut meanwhile = login_record();
        meanwhile.body.session.data.set("next", "\"/new\"");
        let read = |next: &str| [RecordChange::Session(Change::TakeNext(next.to_owned()))];
        let left = |next: &str| replayed(&meanwhile, &read(next)).body.session.data.get("next").is_some();
        assert!(left("\"/old\"") && !left("\"/new\""));
    }
}
