// The loader takes the ID as text.

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

async fn find(id: String) -> Result<Option<Account>, std::io::Error> {
    Ok(id.parse().ok().map(|id| Account { id }))
}

fn main() {
    let _ = LoginManager::builder(development_key()).build(find);
}
