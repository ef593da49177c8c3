//! Why a cloud could not be asked, each with what to do next.

use http::StatusCode;
use serde::Deserialize;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ClientError {
    #[error("nothing answers at {url}: start a local cloud with `koban up`, or name another with --url")]
    Unreachable { url: String, source: std::io::Error },
    #[error("no cloud runs on {}: start it with `koban up --data {}`", data.display(), data.display())]
    NoneRuns { data: PathBuf },
    #[error("what answers there is not Koban's local cloud: tokens, its clock and its queues are to be had there only")]
    NotLocal,
    #[error("{what}: {}", refusal(*status, body))]
    Refused { what: String, status: StatusCode, body: String },
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    Unexpected(String),
    #[error("{what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("{} cannot be used: {reason}", file.display())]
    File { file: PathBuf, reason: String },
    /// By Ctrl-C; nothing needs to be said.
    #[error("interrupted")]
    Interrupted,
}

/// The parts of problem+json and of the gateway's own replies that help.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    title: String,
    detail: String,
    code: String,
    next: String,
    message: String,
    errors: Vec<FieldError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FieldError {
    pointer: String,
    detail: String,
}

fn refusal(status: StatusCode, body: &str) -> String {
    let Ok(Told { title, detail, code, next, message, errors }) = serde_json::from_str::<Told>(body) else {
        return format!("{status}");
    };
    let errors = errors.iter().map(|error| format!("{} {}", error.pointer, error.detail));
    let parts = [code, title, message, detail].into_iter().chain(errors).chain([next]);
    let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
    format!("{} {}", status.as_u16(), parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_shown_in_its_own_words() {
        let body = r#"{"title":"Betting on this race is closed","code":"betting_closed","next":"Choose a race that is open.","status":409}"#;
        let text = refusal(StatusCode::CONFLICT, body);
        assert_eq!(text, "409 betting_closed; Betting on this race is closed; Choose a race that is open.");
        assert_eq!(refusal(StatusCode::UNAUTHORIZED, r#"{"message":"Unauthorized"}"#), "401 Unauthorized");
        assert_eq!(refusal(StatusCode::BAD_GATEWAY, "<html>"), "502 Bad Gateway");
    }
}
