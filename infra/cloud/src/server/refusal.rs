//! The server's own replies: `{"message": …}` as API Gateway writes them, and the end of the connection.

use super::Reply;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use std::fmt::Write;

/// Seconds after which a peer that was turned away may come again.
const RETRY_AFTER_SECONDS: u16 = 1;

/// The refusal of a request, after which the connection is closed.
pub fn refusal(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body(status))));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    reply
}

fn body(status: StatusCode) -> String {
    format!(r#"{{"message":"{}"}}"#, status.canonical_reason().unwrap_or_default())
}

/// The same as bytes, for what hyper does not see as a request.
pub fn refusal_bytes(status: StatusCode) -> String {
    let mut text = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or_default());
    for (name, value) in refusal(status).headers() {
        let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let body = body(status);
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text
}
