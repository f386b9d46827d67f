// The extractor is passed, and not the user in it.

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

async fn log_in(login: Login<Account>, user: login_axum::CurrentUser<Account>) -> Result<(), login_axum::Error> {
    login.log_in(user).await?;
    Ok(())
}

fn main() {}
