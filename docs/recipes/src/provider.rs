//! A small OpenID provider on 127.0.0.1, which logs everybody in as "ann-7" without asking.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use chrono::{Duration, Utc};
use openidconnect::core::{CoreHmacKey, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm};
use openidconnect::{
    Audience, EmptyAdditionalClaims, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, StandardClaims,
    SubjectIdentifier,
};
use serde_json::{Value, json};

type Fields = BTreeMap<String, String>;

#[derive(Clone)]
struct Provider {
    issuer: String,
    /// The queries of the logins that have begun, in the order of their codes.
    begun: Arc<Mutex<Vec<Fields>>>,
}

/// Starts the provider. Returns its address. The client's ID is "shop", its secret "shop's secret".
pub async fn provider() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/keys", get(async || Json(json!({ "keys": [] }))))
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/user", get(user))
        .with_state(Provider { issuer: issuer.clone(), begun: Arc::default() });
    tokio::spawn(async move { axum::serve(listener, app).await });
    issuer
}

async fn configuration(State(Provider { issuer, .. }): State<Provider>) -> Json<Value> {
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256"],
    }))
}

async fn authorize(State(provider): State<Provider>, Query(query): Query<Fields>) -> Redirect {
    let mut begun = provider.begun.lock().unwrap();
    let back = format!("{}?code={}&state={}", query["redirect_uri"], begun.len(), query["state"]);
    begun.push(query);
    Redirect::to(&back)
}

async fn token(State(provider): State<Provider>, Form(form): Form<Fields>) -> Result<Json<Value>, StatusCode> {
    let code: usize = form["code"].parse().map_err(|_| StatusCode::BAD_REQUEST)?;
    let begun = provider.begun.lock().unwrap().get(code).cloned().ok_or(StatusCode::BAD_REQUEST)?;
    let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
    if PkceCodeChallenge::from_code_verifier_sha256(&verifier).as_str() != begun["code_challenge"] {
        return Err(StatusCode::BAD_REQUEST);
    }
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(provider.issuer).unwrap(),
        vec![Audience::new("shop".to_owned())],
        Utc::now() + Duration::minutes(5),
        Utc::now(),
        StandardClaims::new(SubjectIdentifier::new("ann-7".to_owned())),
        EmptyAdditionalClaims {},
    )
    .set_nonce(begun.get("nonce").cloned().map(Nonce::new));
    let key = CoreHmacKey::new("shop's secret");
    let id_token = CoreIdToken::new(claims, &key, CoreJwsSigningAlgorithm::HmacSha256, None, None).unwrap();
    Ok(Json(json!({ "access_token": "access", "token_type": "Bearer", "id_token": id_token.to_string() })))
}

/// Who a token belongs to, as GitHub tells it.
async fn user(headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let is_known = headers.get("authorization").is_some_and(|value| value == "Bearer access");
    if is_known { Ok(Json(json!({ "id": 7, "login": "ann" }))) } else { Err(StatusCode::UNAUTHORIZED) }
}

/// Goes to the provider's page, as the browser does, and returns the address that it comes back to.
pub async fn visit(page: &str) -> String {
    let http = oauth2::reqwest::Client::builder().redirect(oauth2::reqwest::redirect::Policy::none());
    let answer = http.build().unwrap().get(page).send().await.unwrap();
    let back = answer.headers()["location"].to_str().unwrap();
    back.strip_prefix("http://localhost").unwrap().to_owned()
}
