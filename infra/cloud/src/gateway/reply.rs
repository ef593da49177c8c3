//! Replies: a function's, taken out of its payload, and the gateway's own, in AWS's shape, so that a client meets both here first.

use crate::issuer::Unauthorized;
use crate::server::Reply;
use bytes::Bytes;
use data_encoding::{BASE64, BASE64URL};
use http::header::{CONTENT_TYPE, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionReply<'a> {
    status_code: u16,
    #[serde(default, borrow)]
    headers: HashMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default, borrow)]
    cookies: Vec<Cow<'a, str>>,
    #[serde(default, borrow)]
    body: Cow<'a, str>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The reply that a function's payload is; one that cannot be read is the gateway's 500, as on AWS.
pub fn of_function(payload: &[u8]) -> Reply {
    let unreadable = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Ok(reply) = serde_json::from_slice::<FunctionReply<'_>>(payload) else { return unreadable() };
    let Ok(status) = StatusCode::from_u16(reply.status_code) else { return unreadable() };
    let body = if reply.is_base64_encoded {
        match BASE64.decode(reply.body.as_bytes()) {
            Ok(bytes) => Bytes::from(bytes),
            Err(_) => return unreadable(),
        }
    } else {
        Bytes::from(reply.body.into_owned())
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in &reply.headers {
        set(headers, name, value);
    }
    for cookie in reply.cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok()) {
        headers.append(SET_COOKIE, cookie);
    }
    response
}

fn set(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// `{"message": …}`, in the gateway's own words.
pub fn message(status: StatusCode, message: &str) -> Reply {
    let mut reply = json(&json!({"message": message}));
    *reply.status_mut() = status;
    reply
}

pub fn json(value: &Value) -> Reply {
    of_kind("application/json", value.to_string())
}

pub fn of_kind(kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

pub fn unauthorized(why: Unauthorized) -> Reply {
    let mut reply = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    let challenge = match why {
        Unauthorized::Missing => "Bearer".to_owned(),
        Unauthorized::Invalid(why) => {
            format!(r#"Bearer scope="" error="invalid_token" error_description="{why}""#)
        }
    };
    set(reply.headers_mut(), WWW_AUTHENTICATE.as_str(), &challenge);
    reply
}

/// In the form of API Gateway's: 15 characters and `=`.
pub fn request_id() -> String {
    let bytes = fastrand::u128(..).to_be_bytes();
    BASE64URL.encode(&bytes[..11])
}
