// The login is not awaited.

#![deny(warnings)]

use std::borrow::Cow;

use login_axum::{Login, LoginManager, User, development_key};

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

async fn find(id: i64) -> Result<Option<Account>, std::io::Error> {
    Ok(Some(Account { id }))
}

async fn log_in(login: Login<Account>) {
    login.log_in(Account { id: 1 }).remember(true);
}

fn main() {
    let _ = (log_in, find, LoginManager::<Account>::builder(development_key()));
}
