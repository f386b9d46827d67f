//! The handlers of the API, which answer with JSON. An error has only a status, and a catcher
//! adds the body.

use example_accounts::{Account, Accounts, NewNote, Note};
use login_rocket::CurrentUser;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, State, get, post, routes};

use crate::error::AppError;

pub(crate) fn routes() -> Vec<Route> {
    routes![notes, add_note]
}

#[get("/notes")]
async fn notes(user: CurrentUser<Account>, accounts: &State<Accounts>) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(accounts.notes(&user).await?))
}

#[post("/notes", format = "json", data = "<note>")]
async fn add_note(
    user: CurrentUser<Account>,
    accounts: &State<Accounts>,
    note: Json<NewNote>,
) -> Result<Result<(Status, Json<Note>), Status>, AppError> {
    let added = accounts.add_note(&user, &note.text).await?;
    Ok(added.map(|note| (Status::Created, Json(note))).ok_or(Status::UnprocessableEntity))
}
