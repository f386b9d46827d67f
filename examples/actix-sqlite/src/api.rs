//! The handlers of the API, which answer with JSON. An error has only a status, and a layer adds
//! the body.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use example_accounts::{Account, Accounts, NewNote, Note};
use login_actix::CurrentUser;

use crate::error::AppError;

pub(crate) async fn notes(
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(accounts.notes(&account).await?))
}

pub(crate) async fn add_note(
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
    Json(note): Json<NewNote>,
) -> Result<HttpResponse, AppError> {
    Ok(match accounts.add_note(&account, &note.text).await? {
        Some(note) => HttpResponse::Created().json(note),
        None => HttpResponse::UnprocessableEntity().finish(),
    })
}
