//! One handler for each page and each form.

use actix_web::HttpResponse;
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::{Data, Form, Html};
use example_accounts::{
    Account, Accounts, Change, ConfirmPage, HomePage, Layout, LoginPage, NewNote, NotesPage, PasswordPage, STYLE,
    SettingsPage, SignUpPage, render,
};
use login_actix::{CurrentUser, FreshUser, Login};
use serde::Deserialize;

use crate::error::AppError;

pub(crate) type Answer<T> = Result<T, AppError>;

/// Changing settings needs a login of the last ten minutes.
type RecentUser = FreshUser<Account, 600>;

#[derive(Deserialize)]
pub(crate) struct Credentials {
    email: String,
    password: String,
    remember: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Password {
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    password: String,
    end_others: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Email {
    email: String,
}

#[derive(Deserialize)]
pub(crate) struct NoteId {
    id: i64,
}

pub(crate) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// The page of a form that was not accepted, with the form to fill in again.
fn again(page: String) -> HttpResponse {
    HttpResponse::UnprocessableEntity().content_type(ContentType::html()).body(page)
}

pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(STYLE)
}

pub(crate) async fn home(login: Login<Account>) -> Answer<Html> {
    Ok(Html::new(render(&HomePage { layout: Layout::of(&login).await? })?))
}

pub(crate) async fn sign_up(login: Login<Account>) -> Answer<Html> {
    Ok(Html::new(render(&SignUpPage { layout: Layout::of(&login).await?, email: String::new() })?))
}

pub(crate) async fn signed_up(
    login: Login<Account>,
    accounts: Data<Accounts>,
    Form(form): Form<Credentials>,
) -> Answer<HttpResponse> {
    match accounts.sign_up(&form.email, form.password).await? {
        Change::Done(account) => {
            login.log_in(account).await?;
            login.flash("Welcome!")?;
            Ok(login.redirect_to_next("/notes"))
        }
        Change::Refused(why) => {
            login.flash_as("error", why)?;
            Ok(again(render(&SignUpPage { layout: Layout::of(&login).await?, email: form.email })?))
        }
    }
}

pub(crate) async fn log_in(login: Login<Account>) -> Answer<Html> {
    Ok(Html::new(render(&LoginPage { layout: Layout::of(&login).await?, email: String::new() })?))
}

pub(crate) async fn logged_in(
    login: Login<Account>,
    accounts: Data<Accounts>,
    Form(form): Form<Credentials>,
) -> Answer<HttpResponse> {
    match accounts.check(&form.email, form.password).await? {
        Some(account) => {
            login.log_in(account).remember(form.remember.is_some()).await?;
            Ok(login.redirect_to_next("/notes"))
        }
        None => {
            login.failed(&form.email);
            login.flash_as("error", "The e-mail address or the password is wrong.")?;
            Ok(again(render(&LoginPage { layout: Layout::of(&login).await?, email: form.email })?))
        }
    }
}

pub(crate) async fn confirm(login: Login<Account>) -> Answer<Html> {
    Ok(Html::new(render(&ConfirmPage { layout: Layout::of(&login).await? })?))
}

pub(crate) async fn confirmed(
    login: Login<Account>,
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
    Form(form): Form<Password>,
) -> Answer<HttpResponse> {
    if accounts.is_password(&account, form.password).await? {
        login.confirm(&account).await?;
        return Ok(login.redirect_to_next("/settings"));
    }
    login.flash_as("error", "That is not your password.")?;
    Ok(again(render(&ConfirmPage { layout: Layout::of(&login).await? })?))
}

pub(crate) async fn notes(
    login: Login<Account>,
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
) -> Answer<Html> {
    let notes = accounts.notes(&account).await?;
    Ok(Html::new(render(&NotesPage { layout: Layout::of(&login).await?, notes })?))
}

pub(crate) async fn add_note(
    login: Login<Account>,
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
    Form(note): Form<NewNote>,
) -> Answer<HttpResponse> {
    if accounts.add_note(&account, &note.text).await?.is_none() {
        login.flash_as("error", "A note has 1 to 500 characters.")?;
    }
    Ok(see("/notes"))
}

pub(crate) async fn delete_note(
    CurrentUser(account): CurrentUser<Account>,
    accounts: Data<Accounts>,
    Form(note): Form<NoteId>,
) -> Answer<HttpResponse> {
    accounts.delete_note(&account, note.id).await?;
    Ok(see("/notes"))
}

async fn settings_page(
    login: &Login<Account>,
    accounts: &Accounts,
    account: &Account,
    new_token: Option<String>,
) -> Answer<Html> {
    let (layout, tokens) = (Layout::of(login).await?, accounts.count_tokens(account).await?);
    Ok(Html::new(render(&SettingsPage { layout, email: account.email.clone(), tokens, new_token })?))
}

pub(crate) async fn settings(
    login: Login<Account>,
    FreshUser(account): RecentUser,
    accounts: Data<Accounts>,
) -> Answer<Html> {
    settings_page(&login, &accounts, &account, None).await
}

pub(crate) async fn change_email(
    login: Login<Account>,
    FreshUser(account): RecentUser,
    accounts: Data<Accounts>,
    Form(form): Form<Email>,
) -> Answer<HttpResponse> {
    if accounts.set_email(&account, &form.email).await? {
        login.flash("Your e-mail address was changed.")?;
    } else {
        login.flash_as("error", "That address cannot be used.")?;
    }
    Ok(see("/settings"))
}

pub(crate) async fn password(login: Login<Account>, _user: RecentUser) -> Answer<Html> {
    Ok(Html::new(render(&PasswordPage { layout: Layout::of(&login).await? })?))
}

pub(crate) async fn change_password(
    login: Login<Account>,
    FreshUser(account): RecentUser,
    accounts: Data<Accounts>,
    Form(form): Form<NewPassword>,
) -> Answer<HttpResponse> {
    match accounts.set_password(&account, form.password).await? {
        Change::Done(account) => {
            // Only now, so that no one logs in with the old password in between.
            if form.end_others.is_some() {
                login.end_other_sessions().await?;
            }
            // A new session, so that a copy of the old cookie is of no use. It is remembered if the old one was.
            login.log_in(account).await?;
            login.flash("Your password was changed.")?;
            Ok(see("/settings"))
        }
        Change::Refused(why) => {
            login.flash_as("error", why)?;
            Ok(again(render(&PasswordPage { layout: Layout::of(&login).await? })?))
        }
    }
}

/// The response is the page with the token. After a redirect it would have to be stored.
pub(crate) async fn create_token(
    login: Login<Account>,
    FreshUser(account): RecentUser,
    accounts: Data<Accounts>,
) -> Answer<Html> {
    let token = accounts.create_token(&account).await?;
    settings_page(&login, &accounts, &account, Some(token)).await
}

pub(crate) async fn delete_tokens(
    login: Login<Account>,
    FreshUser(account): RecentUser,
    accounts: Data<Accounts>,
) -> Answer<HttpResponse> {
    accounts.delete_tokens(&account).await?;
    login.flash("Your API tokens are deleted.")?;
    Ok(see("/settings"))
}

pub(crate) async fn log_out(login: Login<Account>) -> Answer<HttpResponse> {
    login.log_out().await?;
    login.flash("You are logged out.")?;
    Ok(see("/"))
}
