// The request loader takes the request by reference.

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

async fn find_by_token(request: &login_axum::Request) -> Result<Option<Account>, std::io::Error> {
    find(request.bearer_token().map_or(0, |token| token.len() as i64)).await
}

fn main() {
    let _ = LoginManager::builder(development_key()).request_loader(find_by_token).build(find);
}
