// What the database returned may be no user.

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

async fn find(id: i64) -> Result<Option<Account>, std::io::Error> {
    Ok(Some(Account { id }))
}

async fn log_in(login: Login<Account>) -> Result<(), Box<dyn std::error::Error>> {
    login.log_in(find(1).await?).await?;
    Ok(())
}

fn main() {}
