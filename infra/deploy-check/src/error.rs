//! Why a step of the check failed, each with where to look or what to do.

use client::ClientError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// How many lines of a log's end a failure shows.
const TAIL_LINES: usize = 12;

#[derive(Debug, Error)]
pub enum CheckError {
    #[error("{what} is missing: {how}")]
    Missing { what: &'static str, how: &'static str },
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{what} failed; {} ends with:\n{tail}", log.display())]
    Ended { what: &'static str, log: PathBuf, tail: String },
    #[error("{0}")]
    Found(String),
    #[error(transparent)]
    Package(#[from] build::package::PackageError),
    #[error(transparent)]
    Cloud(#[from] cloud::CloudError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl CheckError {
    pub fn io(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what: what.to_string(), source }
    }

    /// A program that failed, with the end of its log.
    pub fn ended(what: &'static str, log: &Path) -> Self {
        let text = text_since(log, 0);
        let lines = lines(&text);
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        Self::Ended { what, log: log.to_owned(), tail }
    }

    /// The same for Terraform, which says what went wrong from its first `Error:` on; its log had `from` bytes when it began.
    pub fn refused(what: &'static str, log: &Path, from: u64) -> Self {
        let text = text_since(log, from);
        let lines = lines(&text);
        let first = lines.iter().position(|line| line.contains("Error:")).unwrap_or(lines.len().saturating_sub(TAIL_LINES));
        Self::Ended { what, log: log.to_owned(), tail: lines[first..].join("\n") }
    }
}

fn text_since(log: &Path, from: u64) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let from = usize::try_from(from).unwrap_or_default().min(text.len());
    String::from_utf8_lossy(&text[from..]).into_owned()
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraforms_errors_are_shown_from_the_first_on_and_none_of_an_earlier_run() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let earlier = "\u{2502} Error: of an earlier run\n";
        let made = "aws_sqs_queue.this: Creation complete\n".repeat(20);
        std::fs::write(log.path(), format!("{earlier}{made}\u{2502} Error: one\n\u{2502}   with this\n\n\u{2502} Error: two\n"))
            .unwrap();
        let from = u64::try_from(earlier.len()).unwrap();
        let CheckError::Ended { tail, .. } = CheckError::refused("terraform apply", log.path(), from) else { panic!("it ended") };
        assert_eq!(tail, "\u{2502} Error: one\n\u{2502}   with this\n\u{2502} Error: two");
    }
}
