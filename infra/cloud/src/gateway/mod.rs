//! API Gateway's HTTP API, as far as Koban's wiring uses it: routes, CORS, the JWT authorizer, its limits and its own replies, and the
//! real event (payload format 2.0) to the function behind each route. Beside the API it serves what only a developer's machine has:
//! the clock, tokens, the state of queues, the documentation.

mod cors;
mod docs;
mod event;
mod local;
mod reply;
mod route;

pub use cors::CORS;

use crate::issuer::Verifier;
use crate::runner::RunError;
use crate::server::{Answer, Reply};
use crate::{Shared, loopback};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use platform::clock::Clock;
use platform::function::Access;
use route::{Matched, Router};
use std::sync::Arc;
use std::time::Duration;

/// The largest body that API Gateway passes on.
const BODY_BYTES_MAX: usize = 10 * 1_024 * 1_024;
/// The largest request line and headers together.
const HEADERS_BYTES_MAX: usize = 10_240;
/// How long API Gateway waits for a function, and here for a body too.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The gateway.
pub struct Gateway {
    shared: Arc<Shared>,
    router: Router,
    verifier: Verifier,
    base_url: String,
}

impl Gateway {
    pub const fn new(shared: Arc<Shared>, router: Router, verifier: Verifier, base_url: String) -> Self {
        Self { shared, router, verifier, base_url }
    }

    async fn reply(&self, parts: Parts, body: Incoming, request_id: &str) -> Reply {
        let path = parts.uri.path();
        if path.starts_with("/_local/") {
            if !loopback::is_local(&parts.headers) {
                return reply::message(StatusCode::FORBIDDEN, "Forbidden");
            }
            return local::reply(&self.shared, &parts, body).await;
        }
        if let Some(reply) = self.own_page(&parts) {
            return reply;
        }
        if cors::is_preflight(&parts) {
            return cors::preflight();
        }
        let mut reply = self.api(&parts, body, request_id).await;
        if parts.headers.contains_key(http::header::ORIGIN) {
            cors::allow(reply.headers_mut());
        }
        reply
    }

    fn own_page(&self, parts: &Parts) -> Option<Reply> {
        if parts.method != Method::GET {
            return None;
        }
        match parts.uri.path() {
            "/" => Some(docs::index(&self.base_url)),
            "/.well-known/openid-configuration" => Some(reply::json(&self.shared.issuer.discovery(&self.base_url))),
            "/.well-known/jwks.json" => Some(reply::json(&self.shared.issuer.keys())),
            path => docs::page(path),
        }
    }

    async fn api(&self, parts: &Parts, body: Incoming, request_id: &str) -> Reply {
        if head_bytes(parts) > HEADERS_BYTES_MAX {
            return reply::message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        let Some(matched) = self.router.find(&parts.method, parts.uri.path()) else {
            return reply::message(StatusCode::NOT_FOUND, "Not Found");
        };
        let claims = match matched.access() {
            Access::User => {
                let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                match self.verifier.verify(authorization) {
                    Ok(claims) => Some(claims),
                    Err(unauthorized) => return reply::unauthorized(unauthorized),
                }
            }
            Access::Public | Access::Signed(_) => None,
        };
        let body = match body_bytes(body).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let event = event::Event {
            parts,
            matched: &matched,
            body: &body,
            claims: claims.as_deref(),
            names: &self.shared.backends.names,
            request_id,
            now: self.shared.clock.now(),
        };
        match event.to_json() {
            Ok(event) => invoke(&matched, event).await,
            Err(_) => reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }
}

async fn invoke(matched: &Matched<'_>, event: Vec<u8>) -> Reply {
    let invoked = tokio::time::timeout(TIME_MAX, matched.runner.invoke(event)).await;
    match invoked {
        Ok(Ok(replied)) => reply::of_function(&replied),
        Err(_) | Ok(Err(RunError::TimedOut)) => reply::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Ok(Err(RunError::Failed(_))) => reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

impl Answer for Gateway {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        let request_id = reply::request_id();
        let mut reply = self.reply(parts, body, &request_id).await;
        if let Ok(request_id) = request_id.parse() {
            reply.headers_mut().insert("apigw-requestid", request_id);
        }
        reply
    }
}

fn head_bytes(parts: &Parts) -> usize {
    let line = parts.method.as_str().len() + parts.uri.path_and_query().map_or(0, |uri| uri.as_str().len());
    line + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// The whole body, or the gateway's refusal of it.
async fn body_bytes(body: Incoming) -> Result<Bytes, Reply> {
    let whole = tokio::time::timeout(TIME_MAX, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    match whole {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(reply::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"))
        }
        Ok(Err(_)) => Err(reply::message(StatusCode::BAD_REQUEST, "Bad Request")),
        Err(_) => Err(reply::message(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
    }
}

pub use route::Router as Routes;

#[cfg(test)]
mod tests;
