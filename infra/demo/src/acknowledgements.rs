//! Everything that the cloud acknowledged, kept outside of it: one JSON object a line, written before the demo goes on. Everything in this
//! file must exist whenever the cloud runs again, and a repeated request must get the same answer.

use crate::DemoError;
use client::http::{Call, Reply};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A request and its reply, to the byte.
#[derive(Serialize)]
struct Line<'a> {
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    path: &'a str,
    /// The idempotency key, or the feed message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    body: &'a str,
    reply: &'a str,
}

/// The file of acknowledgements, or none.
#[derive(Debug, Default)]
pub struct Acknowledgements {
    file: Option<Mutex<File>>,
}

impl Acknowledgements {
    /// A new file, in the place of one that is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(file: &Path) -> Result<Self, DemoError> {
        Ok(Self { file: Some(Mutex::new(File::create(file).map_err(failed)?)) })
    }

    pub const fn are_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Notes that `call`, of the person `by`, was answered with `reply`: `what` names the kind of call.
    ///
    /// # Errors
    /// When the file cannot be written, or the bodies are not text.
    pub fn note(&self, what: &str, by: Option<&str>, call: &Call, reply: &Reply) -> Result<(), DemoError> {
        let Some(file) = &self.file else { return Ok(()) };
        let key = call.header("idempotency-key").or_else(|| call.header("webhook-id"));
        let (body, reply) = (text(call.body())?, text(&reply.body)?);
        let line = Line { what, by, path: call.path(), key, body, reply };
        let mut line = serde_json::to_string(&line).map_err(|error| DemoError::Unexpected(error.to_string()))?;
        line.push('\n');
        // As one write, so that a reader finds whole lines.
        file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()).map_err(failed)
    }
}

fn failed(source: std::io::Error) -> DemoError {
    DemoError::Io { what: "writing the acknowledgements", source }
}

fn text(bytes: &[u8]) -> Result<&str, DemoError> {
    std::str::from_utf8(bytes).map_err(|_| DemoError::Unexpected("a body that is not text".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    #[test]
    fn an_acknowledgement_keeps_what_is_needed_to_ask_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("acknowledgements.jsonl");
        let acknowledgements = Acknowledgements::create(&file).unwrap();
        let call = Call::post("/v1/topups?a=b", r#"{"minor": 1}"#).unwrap().with("idempotency-key", "k");
        let reply = Reply { status: StatusCode::ACCEPTED, headers: HeaderMap::new(), body: r#"{"id":"x"}"#.into() };
        acknowledgements.note("topup", Some("alice"), &call, &reply).unwrap();
        let written = std::fs::read_to_string(file).unwrap();
        let expected =
            r#"{"what":"topup","by":"alice","path":"/v1/topups?a=b","key":"k","body":"{\"minor\": 1}","reply":"{\"id\":\"x\"}"}"#;
        assert_eq!(written, format!("{expected}\n"));
    }
}
