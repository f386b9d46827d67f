// The user is passed by value, as to `log_in`.

use std::borrow::Cow;

use login_axum::{Login, User};

struct Account {
    id: i64,
}

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::default()
    }
}

async fn confirm(login: Login<Account>) -> Result<(), login_axum::Error> {
    login.confirm(Account { id: 1 }).await?;
    Ok(())
}

fn main() {}
