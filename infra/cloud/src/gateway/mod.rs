//! API Gateway's HTTP API, as far as Koban's wiring uses it: routes, CORS, the JWT authorizer, limits and the gateway's own replies. The
//! function behind each route gets the real event (payload format 2.0). Beside the API it serves what only a developer's machine has: the
//! clock, tokens, the state of queues, the documentation.

mod body;
mod cors;
mod docs;
mod event;
mod local;
mod reply;
mod route;

pub use body::TIME_MAX as BODY_TIME_MAX;
pub use cors::CORS;
pub use event::Event;

use crate::issuer::Verifier;
use crate::runner::RunError;
use crate::server::{Answer, Reply};
use crate::{Shared, loopback};
use body::Bodies;
use http::header::{AUTHORIZATION, CONNECTION};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use platform::clock::Clock;
use route::Router;
use std::sync::Arc;
use std::time::Duration;

/// The largest request line and headers together, in bytes: API Gateway's quota for HTTP APIs.
const HEADERS_BYTES_MAX: usize = 10_240;
/// How long API Gateway waits for a function: its quota for integrations.
const FUNCTION_TIME_MAX: Duration = Duration::from_secs(30);

/// The gateway.
pub struct Gateway {
    shared: Arc<Shared>,
    router: Router,
    verifier: Verifier,
    bodies: Bodies,
    base_url: String,
}

impl Gateway {
    /// `body_time` is how long a request's body may take to arrive.
    pub fn new(shared: Arc<Shared>, router: Router, verifier: Verifier, base_url: String, body_time: Duration) -> Self {
        Self { shared, router, verifier, bodies: Bodies::new(body_time), base_url }
    }

    async fn reply(&self, parts: &Parts, body: &mut Incoming, request_id: &str) -> Reply {
        if head_bytes(parts) > HEADERS_BYTES_MAX {
            return reply::message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
        }
        if parts.uri.path().starts_with("/_local/") {
            if !loopback::is_local(&parts.headers) {
                return reply::message(StatusCode::FORBIDDEN, "Forbidden");
            }
            return local::reply(&self.shared, parts, &self.bodies, body).await;
        }
        if let Some(reply) = self.own_page(parts) {
            return reply;
        }
        if cors::is_preflight(parts) {
            return cors::preflight();
        }
        let mut reply = self.api(parts, body, request_id).await;
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

    async fn api(&self, parts: &Parts, body: &mut Incoming, request_id: &str) -> Reply {
        let Some(matched) = self.router.find(&parts.method, parts.uri.path()) else {
            return reply::message(StatusCode::NOT_FOUND, "Not Found");
        };
        let claims = if matched.access().has_token() {
            match self.verifier.verify(parts.headers.get_all(AUTHORIZATION)) {
                Ok(claims) => Some(claims),
                Err(unauthorized) => return reply::unauthorized(unauthorized),
            }
        } else {
            None
        };
        let body = match self.bodies.read(body).await {
            Ok(body) => body,
            Err(refused) => return *refused,
        };
        let event = event::Event {
            parts,
            matched: &matched,
            body: body.bytes(),
            claims: claims.as_deref(),
            names: &self.shared.backends.names,
            request_id,
            now: self.shared.clock.now(),
        };
        forward(&event).await
    }
}

/// Hands a request to its function. Everything that the gateway checks has been checked.
pub async fn forward(event: &Event<'_>) -> Reply {
    let failed = || reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Ok(json) = event.to_json() else { return failed() };
    let invoked = tokio::time::timeout(FUNCTION_TIME_MAX, event.matched.runner.invoke(json)).await;
    match invoked {
        Ok(Ok(replied)) => reply::of_function(&replied),
        Err(_) | Ok(Err(RunError::TimedOut)) => reply::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Ok(Err(RunError::Failed(_))) => failed(),
    }
}

impl Answer for Gateway {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (parts, mut body) = request.into_parts();
        let request_id = reply::request_id();
        let mut reply = self.reply(&parts, &mut body, &request_id).await;
        if !body::is_read(&mut body) {
            // What follows on the connection is no request; the peer is not left to believe that it will be answered.
            reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
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

pub use route::Router as Routes;

#[cfg(test)]
mod tests;
