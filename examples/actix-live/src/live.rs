//! An event stream and a WebSocket that end when the login has ended.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use futures_util::{Stream, StreamExt};
use login_actix::{CurrentUser, Login};
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
pub(crate) async fn events(login: Login<Member>, live: Data<Live>) -> HttpResponse {
    let events = messages(&live, login).map(|message| Ok::<_, Infallible>(Bytes::from(format!("data: {message}\n\n"))));
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

pub(crate) async fn socket(
    request: HttpRequest,
    body: Payload,
    login: Login<Member>,
    CurrentUser(member): CurrentUser<Member>,
    live: Data<Live>,
) -> Result<HttpResponse, actix_web::Error> {
    let (response, session, received) = actix_ws::handle(&request, body)?;
    let received = received.max_frame_size(1024);
    actix_web::rt::spawn(async move { serve(session, received, &live, login, &member.name).await });
    Ok(response)
}

/// Sends the messages to the client, and what the client writes to all, until either of them ends.
async fn serve(mut session: Session, mut received: MessageStream, live: &Live, login: Login<Member>, name: &str) {
    let mut messages = pin!(messages(live, login));
    loop {
        let sent = tokio::select! {
            message = messages.next() => match message {
                Some(message) => session.text(message).await,
                None => break,
            },
            message = received.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    _ = live.room.send(line(name, &text));
                    Ok(())
                }
                Some(Ok(Message::Ping(bytes))) => session.pong(&bytes).await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Binary(_) | Message::Continuation(_) | Message::Pong(_) | Message::Nop)) => Ok(()),
            },
        };
        if sent.is_err() {
            return;
        }
    }
    // The reason is what the page shows. A client that is gone does not need it.
    let reason = CloseReason { code: CloseCode::Policy, description: Some("You were logged out.".to_owned()) };
    _ = session.close(Some(reason)).await;
}

fn line(name: &str, text: &str) -> String {
    format!("{name}: {text}").replace(['\r', '\n'], " ")
}
