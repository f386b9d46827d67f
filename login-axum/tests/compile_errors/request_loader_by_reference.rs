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

fn main() {
    let _ = LoginManager::builder(development_key())
        .request_loader(|request: &login_axum::Request| {
            let token = request.bearer_token().map(str::to_owned);
            async move { find(token.map_or(0, |token| token.len() as i64)).await }
        })
        .build(find);
}
