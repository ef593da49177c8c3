//! Why a part could not be played, each with what to do next.

use client::ClientError;
use cloud::CloudError;
use platform::problem::chain;
use proofs::VerifyError;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum DemoError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the local cloud: {}", chain(.0))]
    Cloud(#[from] CloudError),
    #[error("{}", chain(.0))]
    Verify(#[from] VerifyError),
    #[error("{0}")]
    Input(String),
    #[error("{0}")]
    Unexpected(String),
    #[error("{what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    /// Everything was played, and what came of it is not clean. The report has said so.
    #[error("not clean")]
    NotClean,
}
