//! What stays in a session when its login ends.

use crate::session::content::{FLASHES, Session};
use crate::session::json_text;

/// What stays in a session when its login ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept<'k> {
    /// All data, as in Flask (flask format).
    Data,
    /// These keys, and so many of the last flashed messages: those that the current request
    /// flashed (native format).
    Only { keys: &'k [String], flashes: usize },
}

impl Kept<'_> {
    pub(crate) fn apply(self, session: &mut Session) {
        let Self::Only { keys, flashes } = self else { return };
        let waiting = session.data.get(FLASHES).and_then(json_text::items).unwrap_or_default();
        let recent = waiting.get(waiting.len().saturating_sub(flashes)..).unwrap_or_default();
        let recent = (!recent.is_empty()).then(|| format!("[{}]", recent.join(",")));
        session.data.retain(|key| keys.iter().any(|kept| kept == key));
        if let Some(recent) = recent {
            session.data.set(FLASHES, recent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::content::NEXT;
    use crate::session::transitions::tests::{login, of};
    use crate::session::transitions::{end_login, log_in, log_out};

    #[test]
    fn in_the_native_format_the_end_of_a_login_drops_its_data() {
        let session = || {
            let mut session = of("1");
            session.data.set(FLASHES, "[1,[2],3]");
            session
        };
        let keys = |session: &Session| session.data.keys().collect::<Vec<_>>();
        let kept = ["colour".to_owned()];
        for (named, flashes, expected, left) in [
            (&kept[..0], 0, &[][..], None),
            (&kept[..0], 2, &[FLASHES][..], Some("[[2],3]")),
            (&kept[..], 9, &["colour", FLASHES][..], Some("[1,[2],3]")),
        ] {
            let kept = Kept::Only { keys: named, flashes };
            let (mut ended, mut logged_out) = (session(), session());
            end_login(&mut ended, kept);
            assert!(log_out(&mut logged_out, kept, false));
            let replaced = log_in(&session(), login("2"), kept);
            for session in [ended, logged_out, replaced] {
                assert_eq!(
                    (keys(&session), session.data.get(FLASHES)),
                    (expected.iter().map(|key| (*key).to_owned()).collect(), left)
                );
            }
        }
        let none = Kept::Only { keys: &[], flashes: 0 };
        assert_eq!(keys(&log_in(&session(), login("1"), none)), ["colour", NEXT, FLASHES], "the same user");
        let mut guest = session();
        guest.remove_login();
        assert_eq!(keys(&log_in(&guest, login("2"), none)), ["colour", NEXT, FLASHES], "a guest");
        assert!(!log_out(&mut guest, none, false));
        assert_eq!(keys(&guest), ["colour", NEXT, FLASHES], "a guest who logs out");
    }
}
