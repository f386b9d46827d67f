// What ends the user's logins is left out.

use login_axum::User;

struct Account {
    id: i64,
}

impl User for Account {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }
}

fn main() {}
