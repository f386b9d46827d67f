// The type of the ID cannot be written into a cookie.

use std::borrow::Cow;

use login_axum::User;

struct AccountId(i64);

struct Account {
    id: i64,
}

impl User for Account {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        AccountId(self.id)
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

fn main() {}
