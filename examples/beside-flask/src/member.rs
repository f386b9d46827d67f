//! The users. In a real application both sides ask the same database.

use std::borrow::Cow;
use std::convert::Infallible;

use login_axum::User;

pub(crate) struct Member {
    id: u32,
    pub(crate) name: &'static str,
}

impl User for Member {
    type Id = u32;

    /// What `get_id` returns in Python.
    fn id(&self) -> u32 {
        self.id
    }

    /// Not used with Flask's cookies: they have no place for it.
    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

const MEMBERS: [(u32, &str); 2] = [(1, "ann"), (2, "ben")];

fn member_if(is_it: impl Fn((u32, &str)) -> bool) -> Option<Member> {
    MEMBERS.into_iter().find(|member| is_it(*member)).map(|(id, name)| Member { id, name })
}

pub(crate) async fn find(id: u32) -> Result<Option<Member>, Infallible> {
    Ok(member_if(|member| member.0 == id))
}

pub(crate) fn named(name: &str) -> Option<Member> {
    member_if(|member| member.1 == name)
}
