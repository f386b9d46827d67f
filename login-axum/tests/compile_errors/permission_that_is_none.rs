// The type does not implement `Permission`.

use std::borrow::Cow;

use login_axum::User;

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

struct IsAdmin;

async fn admin(_: login_axum::Allowed<Account, IsAdmin>) {}

fn main() {
    let _ = axum::Router::<()>::new().route("/", axum::routing::get(admin));
}
