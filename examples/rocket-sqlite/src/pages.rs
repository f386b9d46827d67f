//! One handler for each page and each form.

use example_accounts::{
    Account, Accounts, Change, ConfirmPage, HomePage, Layout, LoginPage, NotesPage, PasswordPage, STYLE, SettingsPage,
    SignUpPage, render,
};
use login_rocket::{CurrentUser, FreshUser, Login, LoginRequired, LoginResponse};
use rocket::form::{Form, FromForm};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{Route, State, get, post, routes};

use crate::error::AppError;

pub(crate) type Answer<T> = Result<T, AppError>;
pub(crate) type Html = RawHtml<String>;
type FormAgain = (Status, Html);

/// Changing settings needs a login of the last ten minutes.
type RecentUser = FreshUser<Account, 600>;

#[derive(FromForm)]
struct Credentials {
    email: String,
    password: String,
    remember: Option<String>,
}

pub(crate) fn routes() -> Vec<Route> {
    routes![
        style,
        home,
        sign_up,
        signed_up,
        log_in,
        logged_in,
        confirm,
        confirmed,
        notes,
        add_note,
        delete_note,
        settings,
        change_email,
        password,
        change_password,
        create_token,
        delete_tokens,
        log_out
    ]
}

/// The page of a form that was not accepted, with the form to fill in again.
fn again(page: String) -> FormAgain {
    (Status::UnprocessableEntity, RawHtml(page))
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(STYLE)
}

#[get("/")]
async fn home(login: Login<Account>) -> Answer<Html> {
    Ok(RawHtml(render(&HomePage { layout: Layout::of(&login).await? })?))
}

#[get("/sign-up")]
async fn sign_up(login: Login<Account>) -> Answer<Html> {
    Ok(RawHtml(render(&SignUpPage { layout: Layout::of(&login).await?, email: String::new() })?))
}

#[post("/sign-up", data = "<form>")]
async fn signed_up(
    login: Login<Account>,
    accounts: &State<Accounts>,
    form: Form<Credentials>,
) -> Answer<Result<LoginResponse, FormAgain>> {
    let Credentials { email, password, .. } = form.into_inner();
    match accounts.sign_up(&email, password).await? {
        Change::Done(account) => {
            login.log_in(account).await?;
            login.flash("Welcome!")?;
            Ok(Ok(login.redirect_to_next("/notes")))
        }
        Change::Refused(why) => {
            login.flash_as("error", why)?;
            Ok(Err(again(render(&SignUpPage { layout: Layout::of(&login).await?, email })?)))
        }
    }
}

#[get("/login")]
async fn log_in(login: Login<Account>) -> Answer<Html> {
    Ok(RawHtml(render(&LoginPage { layout: Layout::of(&login).await?, email: String::new() })?))
}

#[post("/login", data = "<form>")]
async fn logged_in(
    login: Login<Account>,
    accounts: &State<Accounts>,
    form: Form<Credentials>,
) -> Answer<Result<LoginResponse, FormAgain>> {
    let Credentials { email, password, remember } = form.into_inner();
    match accounts.check(&email, password).await? {
        Some(account) => {
            login.log_in(account).remember(remember.is_some()).await?;
            Ok(Ok(login.redirect_to_next("/notes")))
        }
        None => {
            login.failed(&email);
            login.flash_as("error", "The e-mail address or the password is wrong.")?;
            Ok(Err(again(render(&LoginPage { layout: Layout::of(&login).await?, email })?)))
        }
    }
}

#[get("/confirm")]
async fn confirm(_guard: LoginRequired<Account>, login: Login<Account>) -> Answer<Html> {
    Ok(RawHtml(render(&ConfirmPage { layout: Layout::of(&login).await? })?))
}

#[post("/confirm", data = "<password>")]
async fn confirmed(
    user: CurrentUser<Account>,
    login: Login<Account>,
    accounts: &State<Accounts>,
    password: Form<Secret>,
) -> Answer<Result<LoginResponse, FormAgain>> {
    if accounts.is_password(&user, password.into_inner().password).await? {
        login.confirm(&user).await?;
        return Ok(Ok(login.redirect_to_next("/settings")));
    }
    login.flash_as("error", "That is not your password.")?;
    Ok(Err(again(render(&ConfirmPage { layout: Layout::of(&login).await? })?)))
}

#[derive(FromForm)]
struct Secret {
    password: String,
}

#[get("/notes")]
async fn notes(user: CurrentUser<Account>, login: Login<Account>, accounts: &State<Accounts>) -> Answer<Html> {
    let notes = accounts.notes(&user).await?;
    Ok(RawHtml(render(&NotesPage { layout: Layout::of(&login).await?, notes })?))
}

#[derive(FromForm)]
struct NewNote {
    text: String,
}

#[post("/notes", data = "<note>")]
async fn add_note(
    user: CurrentUser<Account>,
    login: Login<Account>,
    accounts: &State<Accounts>,
    note: Form<NewNote>,
) -> Answer<Redirect> {
    if accounts.add_note(&user, &note.text).await?.is_none() {
        login.flash_as("error", "A note has 1 to 500 characters.")?;
    }
    Ok(Redirect::to("/notes"))
}

#[derive(FromForm)]
struct NoteId {
    id: i64,
}

#[post("/notes/delete", data = "<note>")]
async fn delete_note(user: CurrentUser<Account>, accounts: &State<Accounts>, note: Form<NoteId>) -> Answer<Redirect> {
    accounts.delete_note(&user, note.id).await?;
    Ok(Redirect::to("/notes"))
}

async fn settings_page(
    login: &Login<Account>,
    accounts: &Accounts,
    account: &Account,
    new_token: Option<String>,
) -> Answer<Html> {
    let (layout, tokens) = (Layout::of(login).await?, accounts.count_tokens(account).await?);
    Ok(RawHtml(render(&SettingsPage { layout, email: account.email.clone(), tokens, new_token })?))
}

#[get("/settings")]
async fn settings(user: RecentUser, login: Login<Account>, accounts: &State<Accounts>) -> Answer<Html> {
    settings_page(&login, accounts, &user, None).await
}

#[derive(FromForm)]
struct Email {
    email: String,
}

#[post("/settings", data = "<form>")]
async fn change_email(
    user: RecentUser,
    login: Login<Account>,
    accounts: &State<Accounts>,
    form: Form<Email>,
) -> Answer<Redirect> {
    if accounts.set_email(&user, &form.email).await? {
        login.flash("Your e-mail address was changed.")?;
    } else {
        login.flash_as("error", "That address cannot be used.")?;
    }
    Ok(Redirect::to("/settings"))
}

#[get("/password")]
async fn password(_user: RecentUser, login: Login<Account>) -> Answer<Html> {
    Ok(RawHtml(render(&PasswordPage { layout: Layout::of(&login).await? })?))
}

#[derive(FromForm)]
struct NewPassword {
    password: String,
    end_others: Option<String>,
}

#[post("/password", data = "<form>")]
async fn change_password(
    user: RecentUser,
    login: Login<Account>,
    accounts: &State<Accounts>,
    form: Form<NewPassword>,
) -> Answer<Result<Redirect, FormAgain>> {
    let NewPassword { password, end_others } = form.into_inner();
    match accounts.set_password(&user, password).await? {
        Change::Done(account) => {
            // Only now, so that no one logs in with the old password in between.
            if end_others.is_some() {
                login.end_other_sessions().await?;
            }
            // A new session, so that a copy of the old cookie is of no use. It is remembered if the old one was.
            login.log_in(account).await?;
            login.flash("Your password was changed.")?;
            Ok(Ok(Redirect::to("/settings")))
        }
        Change::Refused(why) => {
            login.flash_as("error", why)?;
            Ok(Err(again(render(&PasswordPage { layout: Layout::of(&login).await? })?)))
        }
    }
}

/// The response is the page with the token. After a redirect it would have to be stored.
#[post("/tokens")]
async fn create_token(user: RecentUser, login: Login<Account>, accounts: &State<Accounts>) -> Answer<Html> {
    let token = accounts.create_token(&user).await?;
    settings_page(&login, accounts, &user, Some(token)).await
}

#[post("/tokens/delete")]
async fn delete_tokens(user: RecentUser, login: Login<Account>, accounts: &State<Accounts>) -> Answer<Redirect> {
    accounts.delete_tokens(&user).await?;
    login.flash("Your API tokens are deleted.")?;
    Ok(Redirect::to("/settings"))
}

#[post("/log-out")]
async fn log_out(login: Login<Account>) -> Answer<Redirect> {
    login.log_out().await?;
    login.flash("You are logged out.")?;
    Ok(Redirect::to("/"))
}
