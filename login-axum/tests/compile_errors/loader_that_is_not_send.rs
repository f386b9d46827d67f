// The future of the loader holds what no other thread may have.

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

async fn query(id: i64) -> Result<Option<Account>, std::io::Error> {
    Ok(Some(Account { id }))
}

async fn find(id: i64) -> Result<Option<Account>, std::io::Error> {
    let shared = std::rc::Rc::new(id);
    query(*shared).await
}

fn main() {
    let _ = LoginManager::builder(development_key()).build(find);
}
