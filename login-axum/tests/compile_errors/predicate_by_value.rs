// The predicate takes the user by value.

use std::borrow::Cow;

use login_axum::{LoginManager, User, development_key};

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

fn main() {
    let login = LoginManager::builder(development_key()).build(find).unwrap();
    let _ = login.login_required().only(|user: Account| user.id == 1);
}
