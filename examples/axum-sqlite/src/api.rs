//! The handlers of the API, which answer with JSON. An error has only a status, and a layer adds
//! the body.

use axum::extract::{Json, State};
use axum::http::StatusCode;
use example_accounts::{Account, Accounts, NewNote, Note};
use login_axum::CurrentUser;

use crate::error::AppError;

pub(crate) async fn notes(
    CurrentUser(account): CurrentUser<Account>,
    State(accounts): State<Accounts>,
) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(accounts.notes(&account).await?))
}

pub(crate) async fn add_note(
    CurrentUser(account): CurrentUser<Account>,
    State(accounts): State<Accounts>,
    Json(note): Json<NewNote>,
) -> Result<Result<(StatusCode, Json<Note>), StatusCode>, AppError> {
    let added = accounts.add_note(&account, &note.text).await?;
    Ok(added.map(|note| (StatusCode::CREATED, Json(note))).ok_or(StatusCode::UNPROCESSABLE_ENTITY))
}
