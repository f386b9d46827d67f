// The loader returns the user at once.

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

fn main() {
    let _ = LoginManager::builder(development_key())
        .build(|id: i64| Ok::<_, std::io::Error>(Some(Account { id })));
}
