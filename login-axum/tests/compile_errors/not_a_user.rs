// The type of the user does not implement `User`.

use login_axum::{CurrentUser, LoginManager, development_key};

struct Account;

async fn home(_: CurrentUser<Account>) {}

fn main() {
    let _ = LoginManager::<Account>::builder(development_key());
    let _ = axum::Router::<()>::new().route("/", axum::routing::get(home));
}
