//! A browser for an application on actix-web.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::{App, Error, test};

use crate::Browser;

/// Opens the application.
pub async fn browser<T, B>(app: App<T>) -> Browser
where
    T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
        + 'static,
    T::Future: 'static,
    T::Service: 'static,
    B: MessageBody + 'static,
{
    let app = Rc::new(test::init_service(app).await);
    Browser::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move {
            let method = request.method().as_str().parse().unwrap();
            let mut sent = test::TestRequest::with_uri(&request.uri().to_string()).method(method);
            for (name, value) in request.headers() {
                sent = sent.append_header((name.as_str(), value.as_bytes()));
            }
            let answer = test::try_call_service(&*app, sent.set_payload(request.into_body()).to_request()).await;
            let answer = answer.map_or_else(
                |error| error.error_response().map_into_boxed_body(),
                |answer| answer.into_parts().1.map_into_boxed_body(),
            );
            let mut response = http::Response::builder().status(StatusCode::as_u16(&answer.status()));
            for (name, value) in answer.headers() {
                response = response.header(name.as_str(), value.as_bytes());
            }
            let body = actix_web::body::to_bytes(answer.into_body()).await;
            response.body(body.unwrap_or_default().to_vec()).unwrap()
        })
    })
}
