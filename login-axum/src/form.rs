//! Reading a posted form before the handler runs, for the request loader.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Request;
use http_body::{Frame, SizeHint};
use login_core::adapter::{MAX_FORM, log_error_once};

/// A request whose body is being read. `B` is the server's body type.
pub(crate) struct ReadForm<B> {
    request: Option<Request<B>>,
    read: Vec<u8>,
}

impl<B: 'static> ReadForm<B> {
    /// Begins to read the body, if it is axum's. (No body of another type could be made of what
    /// was read.)
    pub(crate) fn new(request: Request<B>) -> Self {
        Self { request: Some(request), read: Vec::new() }
    }

    /// Reads on. The result is the request with its whole body, and the form if it is not too
    /// large.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<(Request<B>, Option<Vec<u8>>)> {
        let Some(request) = self.request.as_mut() else { return Poll::Pending };
        let form = match axum_body(request.body_mut()) {
            Some(body) => ready!(read_form(body, &mut self.read, context)),
            None => {
                log_error_once("the request loader sees no forms: the login layer can read only a body of axum's type");
                None
            }
        };
        self.request.take().map_or(Poll::Pending, |request| Poll::Ready((request, form)))
    }
}

fn axum_body<B: 'static>(body: &mut B) -> Option<&mut Body> {
    (body as &mut dyn Any).downcast_mut()
}

/// Reads a form, and leaves a body in its place that has the same bytes.
fn read_form(body: &mut Body, read: &mut Vec<u8>, context: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
    let next = ready!(read_on(body, read, context));
    let is_whole = match &next {
        None => true,
        Some(Ok(frame)) => frame.is_trailers(),
        Some(Err(_)) => false,
    };
    let form = is_whole.then(|| read.clone());
    // A body that has ended is not read again.
    let rest = if next.is_none() { Body::empty() } else { std::mem::take(body) };
    *body = Body::new(Replayed { read: Bytes::from(std::mem::take(read)), next, rest });
    Poll::Ready(form)
}

type NextFrame = Option<Result<Frame<Bytes>, axum::Error>>;

/// Reads up to [`MAX_FORM`] bytes. Returns what comes next: nothing, data that is too much,
/// trailers, or an error.
fn read_on(body: &mut Body, read: &mut Vec<u8>, context: &mut Context<'_>) -> Poll<NextFrame> {
    loop {
        let next = ready!(Pin::new(&mut *body).poll_frame(context));
        match next.as_ref().and_then(|next| next.as_ref().ok()?.data_ref()) {
            Some(data) if read.len() + data.len() <= MAX_FORM => read.extend_from_slice(data),
            Some(_) | None => return Poll::Ready(next),
        }
    }
}

/// A body that was read in part.
struct Replayed {
    /// What was read.
    read: Bytes,
    /// What came next.
    next: NextFrame,
    rest: Body,
}

impl HttpBody for Replayed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<NextFrame> {
        if !self.read.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.read)))));
        }
        match self.next.take() {
            Some(next) => Poll::Ready(Some(next)),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.next.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let next = self.next.as_ref().and_then(|next| next.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        let read = u64::try_from(self.read.len() + next).unwrap_or(u64::MAX);
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint
    }
}
