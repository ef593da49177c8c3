//! Problems: what a caller gets when a request cannot be served (RFC 9457). The caller reads what is wrong, where, whether a repeat may
//! help and what to do next. The inner cause is logged once at the boundary and never leaves.

use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::time::Duration;

/// A kind of problem. The code is stable: callers program against it.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `insufficient_funds`
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// Whether the identical request may succeed later.
    pub retryable: bool,
    /// What the caller should do now.
    pub next: &'static str,
}

/// Declares problem codes.
#[macro_export]
macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal, $title:literal, retryable: $retryable:literal, next: $next:literal;)+) => {
        $($(#[$doc])* pub const $name: $crate::problem::Code = $crate::problem::Code {
            code: $code, status: $status, title: $title, retryable: $retryable, next: $next,
        };)+
    };
}

problem_codes! {
    MALFORMED_BODY = 400 "malformed_body", "The body is not the JSON that this route takes", retryable: false,
        next: "Correct the fields named in `errors`. The OpenAPI document has the schema.";
    MALFORMED_PARAMETER = 400 "malformed_parameter", "A parameter is not valid on this route", retryable: false,
        next: "Correct the parameters named in `errors`.";
    IDEMPOTENCY_KEY_REQUIRED = 400 "idempotency_key_required", "This route needs an Idempotency-Key header", retryable: false,
        next: "Send a new random Idempotency-Key with each new intent, and the same one with each repeat.";
    IDEMPOTENCY_KEY_INVALID = 400 "idempotency_key_invalid", "The Idempotency-Key is not 1 to 255 visible ASCII characters", retryable: false,
        next: "Make keys of letters, digits and punctuation without blanks, such as a UUID.";
    UNAUTHENTICATED = 401 "unauthenticated", "The token is missing or not valid", retryable: false,
        next: "Send a current token of the configured issuer as `Authorization: Bearer …`.";
    TOKEN_REVOKED = 401 "token_revoked", "The session of this token was ended", retryable: false,
        next: "Sign in again, then send the request with the new token.";
    API_KEY_INVALID = 401 "api_key_invalid", "The API key is missing, unknown, revoked or expired", retryable: false,
        next: "Send a current key of your organization as `Authorization: Bearer kbn_…`.";
    ACCOUNT_SUSPENDED = 403 "account_suspended", "This account is suspended", retryable: false,
        next: "Ask the support why, and what would lift it.";
    FORBIDDEN_ROLE = 403 "forbidden_role", "The caller's role does not allow this", retryable: false,
        next: "Ask somebody with one of the roles in `roles`.";
    FORBIDDEN_SCOPE = 403 "forbidden_scope", "The API key does not have the scope of this route", retryable: false,
        next: "Use a key with the scope in `scope`.";
    SIGNATURE_INVALID = 401 "signature_invalid", "The signature does not fit the message", retryable: false,
        next: "Sign `id.timestamp.body` with the shared secret, as Standard Webhooks says.";
    TIMESTAMP_OUT_OF_RANGE = 401 "timestamp_out_of_range", "The message's timestamp is more than five minutes off", retryable: false,
        next: "Correct the sender's clock, or sign the message again with its sending time.";
    NOT_FOUND = 404 "not_found", "No such object exists for this caller", retryable: false,
        next: "Check the id in the path.";
    CONTENTION = 409 "contention", "Too many changes at once; nothing was changed", retryable: true,
        next: "Send the same request again, with the same Idempotency-Key, after a short random wait.";
    BODY_TOO_LARGE = 413 "body_too_large", "The body is larger than this route accepts", retryable: false,
        next: "Send at most 256 KiB. Split a larger request.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type", "The body is not of the type JSON", retryable: false,
        next: "Send JSON in UTF-8 as `Content-Type: application/json`.";
    UNSUPPORTED_CONTENT_ENCODING = 415 "unsupported_content_encoding", "The body has an encoding that this route does not read", retryable: false,
        next: "Send the body unencoded, without Content-Encoding.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused", "This key was used for another request", retryable: false,
        next: "Use a new Idempotency-Key for a new intent.";
    TOO_MANY_REQUESTS = 429 "too_many_requests", "The service is busy; nothing was changed", retryable: true,
        next: "Send the same request again, with the same Idempotency-Key, after the seconds in Retry-After.";
    ACCESS_UNCHECKED = 503 "access_unchecked", "Whether the caller is admitted could not be found out; nothing was changed", retryable: true,
        next: "Send the same request again, with the same Idempotency-Key, after the seconds in Retry-After.";
    INTERNAL = 500 "internal", "Something went wrong on our side", retryable: true,
        next: "Send the same request again, with the same Idempotency-Key. If the error persists, report the request id.";
}

/// The codes that any route may answer with.
pub const ANYWHERE: &[&Code] = &[&MALFORMED_PARAMETER, &BODY_TOO_LARGE, &TOO_MANY_REQUESTS, &INTERNAL];

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer into the body, or the parameter's or header's name.
    pub pointer: String,
    pub detail: String,
}

/// A problem on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    pub code: &'static Code,
    pub detail: Cow<'static, str>,
    pub errors: Vec<FieldError>,
    /// Members of this kind of problem: `available`, `needed`.
    pub members: Map<String, Value>,
    /// Whether this repeats an earlier request's refusal.
    pub replayed: bool,
    /// Why it happened, for the log only.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Problem {
    pub fn new(code: &'static Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), members: Map::new(), replayed: false, cause: None }
    }

    /// A failure that is ours: the caller learns only that; the log gets the cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(&INTERNAL, "Nothing is known to have changed.") }
    }

    /// A wrong field of the body.
    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(&MALFORMED_BODY, "").with_error(pointer, detail)
    }

    /// A wrong path or query parameter.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::new(&MALFORMED_PARAMETER, "").with_error(name, detail)
    }

    #[must_use]
    pub fn with_error(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Serialize) -> Self {
        self.members.insert(name.into(), serde_json::to_value(value).unwrap_or(Value::Null));
        self
    }

    /// When the identical request may be sent again; none where that never helps. Each reply with such a problem has it as `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = match self.code.status {
            _ if !self.code.retryable => return None,
            409 | 429 => 1,
            500 => 5,
            503 if *self.code == ACCESS_UNCHECKED => 5,
            // Somebody must do something first.
            _ => 30,
        };
        Some(Duration::from_secs(seconds))
    }

    /// The body of the reply: `application/problem+json`.
    pub fn to_json(&self, request_id: &str) -> Value {
        let mut json = Map::new();
        json.insert("type".into(), format!("urn:koban:problem:{}", self.code.code).into());
        json.insert("title".into(), self.code.title.into());
        json.insert("status".into(), self.code.status.into());
        json.insert("code".into(), self.code.code.into());
        json.insert("retryable".into(), self.code.retryable.into());
        json.insert("next".into(), self.code.next.into());
        if !self.detail.is_empty() {
            json.insert("detail".into(), self.detail.as_ref().into());
        }
        if !self.errors.is_empty() {
            json.insert("errors".into(), serde_json::to_value(&self.errors).unwrap_or_default());
        }
        json.extend(self.members.clone());
        // A replayed refusal is the same to the byte; only what we must look up ourselves names the request.
        if self.code.status >= 500 {
            json.insert("request_id".into(), request_id.into());
        }
        Value::Object(json)
    }
}

/// The text of an error and of all its sources, for the log.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_retryable_says_when() {
        let after = |code: &'static Code| Problem::new(code, "").retry_after().map(|after| after.as_secs());
        assert_eq!((after(&CONTENTION), after(&TOO_MANY_REQUESTS), after(&INTERNAL)), (Some(1), Some(1), Some(5)));
        assert_eq!((after(&MALFORMED_BODY), after(&UNAUTHENTICATED), after(&IDEMPOTENCY_KEY_REUSED)), (None, None, None));
    }
}
