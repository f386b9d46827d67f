//! Reading a posted form before the handler runs, for the request loader.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;
use login_core::adapter::MAX_FORM;

/// A request whose body is being read.
pub(crate) struct ReadForm {
    request: Option<ServiceRequest>,
    payload: Payload,
    read: Vec<u8>,
}

impl ReadForm {
    pub(crate) fn begin(mut request: ServiceRequest) -> Self {
        let payload = request.take_payload();
        Self { request: Some(request), payload, read: Vec::new() }
    }

    /// Reads on. The result is the request with its whole body, and the form if it is not too
    /// large.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<(ServiceRequest, Option<Vec<u8>>)> {
        let next = loop {
            match ready!(Pin::new(&mut self.payload).poll_next(context)) {
                Some(Ok(data)) if self.read.len() + data.len() <= MAX_FORM => self.read.extend_from_slice(&data),
                next => break next,
            }
        };
        let Some(mut request) = self.request.take() else { return Poll::Pending };
        let form = next.is_none().then(|| self.read.clone());
        // A body that has ended is not read again.
        let rest = if next.is_none() { Payload::None } else { std::mem::replace(&mut self.payload, Payload::None) };
        let read = Bytes::from(std::mem::take(&mut self.read));
        request.set_payload(Payload::Stream { payload: Box::pin(Replayed { read, next, rest }) });
        Poll::Ready((request, form))
    }
}

type NextChunk = Option<Result<Bytes, PayloadError>>;

/// A body that was read in part.
struct Replayed {
    /// What was read.
    read: Bytes,
    /// What came next: data that was too much, or an error.
    next: NextChunk,
    rest: Payload,
}

impl Stream for Replayed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<NextChunk> {
        if !self.read.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.read))));
        }
        match self.next.take() {
            Some(next) => Poll::Ready(Some(next)),
            None => Pin::new(&mut self.rest).poll_next(context),
        }
    }
}
