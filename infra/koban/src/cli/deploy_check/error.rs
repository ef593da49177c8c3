//! Why a step of the check failed, each with where to look or what to do.

use crate::cli::CliError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// How much of a log is told with a failure, in lines.
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
    Package(#[from] crate::package::PackageError),
    #[error(transparent)]
    Cloud(#[from] crate::cloud::CloudError),
    #[error(transparent)]
    Cli(#[from] CliError),
}

impl CheckError {
    pub fn io(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { what: what.to_string(), source }
    }

    /// A program that failed, with the end of its log.
    pub fn ended(what: &'static str, log: &Path) -> Self {
        let text = std::fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        Self::Ended { what, log: log.to_owned(), tail }
    }
}
