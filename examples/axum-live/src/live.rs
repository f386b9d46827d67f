//! An event stream and a WebSocket that end when the login has ended.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use login_axum::{CurrentUser, Login};
use tokio::sync::broadcast;
use tokio::time::sleep;
use tokio_stream::wrappers::BroadcastStream;

use crate::Member;

/// What all connections share.
#[derive(Clone)]
pub struct Live {
    /// Whatever is sent here, all connections get. It has no line breaks.
    pub room: broadcast::Sender<String>,
    /// How often each connection asks whether its login has ended.
    pub interval: Duration,
}

/// Waits until the login has ended.
///
/// Each check is a query, so it is made at an interval and not for each message. If a check fails,
/// nobody knows whether the user may still be here, so that counts as the end too.
async fn ended(login: Login<Member>, every: Duration) {
    while let Ok(Some(_)) = login.recheck().await {
        sleep(every).await;
    }
}

/// The messages, until the login has ended. A client that is too slow misses some.
fn messages(live: &Live, login: Login<Member>) -> impl Stream<Item = String> + use<> {
    let messages = BroadcastStream::new(live.room.subscribe()).filter_map(|message| ready(message.ok()));
    messages.take_until(ended(login, live.interval))
}

/// The browser connects again after the end. It then has no login, so the guard answers 401.
pub(crate) async fn events(
    login: Login<Member>,
    State(live): State<Live>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = messages(&live, login).map(|message| Ok(Event::default().data(message)));
    Sse::new(events).keep_alive(KeepAlive::default())
}

pub(crate) async fn socket(
    upgrade: WebSocketUpgrade,
    login: Login<Member>,
    CurrentUser(member): CurrentUser<Member>,
    State(live): State<Live>,
) -> Response {
    upgrade.max_message_size(1024).on_upgrade(async move |socket| serve(socket, live, login, &member.name).await)
}

/// Sends the messages to the client, and what the client writes to all, until either of them ends.
async fn serve(mut socket: WebSocket, live: Live, login: Login<Member>, name: &str) {
    let mut messages = pin!(messages(&live, login));
    loop {
        tokio::select! {
            message = messages.next() => {
                let is_end = message.is_none();
                let message = message.map_or_else(log_out_frame, |text| Message::Text(text.into()));
                if socket.send(message).await.is_err() || is_end {
                    return;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => _ = live.room.send(line(name, &text)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    }
}

fn line(name: &str, text: &str) -> String {
    format!("{name}: {text}").replace(['\r', '\n'], " ")
}

/// The reason is what the page shows.
fn log_out_frame() -> Message {
    Message::Close(Some(CloseFrame { code: close_code::POLICY, reason: "You were logged out.".into() }))
}
