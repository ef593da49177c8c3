//! CORS as the HTTP API is configured: the gateway answers preflights itself and lets any page call the API with a token. Cookies are
//! never used, so any origin may.

use crate::server::Reply;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

/// The HTTP API's CORS configuration; the wiring takes it from here.
#[derive(Debug)]
pub struct Cors {
    pub allow_origins: &'static str,
    pub allow_methods: &'static str,
    pub allow_headers: &'static str,
    pub expose_headers: &'static str,
    pub max_age_seconds: u32,
}

pub const CORS: Cors = Cors {
    allow_origins: "*",
    allow_methods: "GET,POST,PUT,PATCH,DELETE,OPTIONS",
    allow_headers: "authorization,content-type,idempotency-key,traceparent",
    expose_headers: "apigw-requestid,idempotency-replayed,retry-after,server-timing",
    max_age_seconds: 3_600,
};

pub fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

pub fn preflight() -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(CORS.allow_origins));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(CORS.allow_methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(CORS.allow_headers));
    headers.insert(ACCESS_CONTROL_MAX_AGE, CORS.max_age_seconds.into());
    reply
}

/// Lets the page that asked read the reply.
pub fn allow(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(CORS.allow_origins));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(CORS.expose_headers));
}
