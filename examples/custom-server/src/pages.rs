//! The pages that access the login.

use login_core::adapter::{Requirement, Step, StoreStep};
use login_core::{LoadError, Login, LoginError, SessionInfo};

use crate::Account;
use crate::http::Response;
use crate::store::BlockingStore;

pub(crate) fn handle(login: &Login<Account>, store: &BlockingStore) -> Result<Response, LoginError> {
    let request = login.request();
    let page = (request.method(), request.path());
    if page == ("POST", "/logout") {
        // It needs no user, so it works even if the user cannot be loaded.
        store.run(login.log_out().steps())?;
        return Ok(Response::redirect("/"));
    }
    load(login, store).map_err(|error| login.answerable(error))?;
    // Everything that changes something is a POST, so that the cross-site check covers it.
    Ok(match page {
        ("POST", "/login") => {
            // A real application would check a password in the body.
            let Some(name) = request.query_value("user") else {
                return Ok(Response::new(422, "Add a user, such as /login?user=ann\n"));
            };
            login.log_in(Account { name }).remember(true).now()?;
            Response::redirect(&login.next_or("/secret"))
        }
        ("GET", "/login") => Response::new(200, "Log in with a POST, such as to /login?user=ann\n"),
        (_, "/secret" | "/sessions" | "/sessions/end-others") => match login.check(Requirement::Login) {
            Ok(account) => handle_private(page, &account, login, store)?,
            Err(refusal) => Response::from(&login.refuse(refusal)),
        },
        _ => Response::new(404, "Nothing here.\n"),
    })
}

/// The pages that need a login.
fn handle_private(
    page: (&str, &str),
    account: &Account,
    login: &Login<Account>,
    store: &BlockingStore,
) -> Result<Response, LoginError> {
    Ok(match page {
        ("GET", "/secret") => Response::new(200, &format!("Hello, {}!\n", account.name)),
        ("GET", "/sessions") => {
            let sessions = store.run(login.sessions_steps())?;
            Response::new(200, &sessions.iter().map(line).collect::<String>())
        }
        ("POST", "/sessions/end-others") => {
            let ended = store.run(login.end_other_sessions_steps())?;
            Response::new(200, &format!("{ended} ended\n"))
        }
        _ => Response::new(405, ""),
    })
}

fn line(session: &SessionInfo) -> String {
    let mark = if session.is_current { "this one" } else { "another" };
    format!("{} {mark}, {}\n", session.id, session.user_agent.as_deref().unwrap_or("an unknown browser"))
}

/// Runs the steps that load the session and then the user. Each needs one answer, which consumes
/// it. If the store or `find` fails, the request never counts as anonymous.
fn load(login: &Login<Account>, store: &BlockingStore) -> Result<(), LoadError> {
    let mut step = login.resolve();
    loop {
        step = match step {
            Step::AskStore(call) => store.run(StoreStep::Ask(call)),
            Step::LoadUser { id, token } => match crate::find(&id) {
                Ok(account) => token.answer(account),
                Err(error) => return Err(token.fail(error)),
            },
            Step::LoadUserFromRequest(token) => token.answer(None::<Account>),
            Step::Done(user) => return user.map(|_| ()),
        };
    }
}
