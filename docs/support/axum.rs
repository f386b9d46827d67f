//! A browser for an application on axum.

use axum::Router;
use axum::body::{Body, to_bytes};
use tower::ServiceExt;

use crate::Browser;

/// Opens the application.
pub fn browser(app: Router) -> Browser {
    Browser::new(move |request| {
        let app = app.clone();
        Box::pin(async move {
            let (parts, body) = app.oneshot(request.map(Body::from)).await.unwrap().into_parts();
            http::Response::from_parts(parts, to_bytes(body, usize::MAX).await.unwrap().to_vec())
        })
    })
}
