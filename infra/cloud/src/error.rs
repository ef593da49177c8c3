//! Why the local cloud cannot start, or cannot do what it was asked.

use std::error::Error;
use thiserror::Error as ThisError;

type Source = Box<dyn Error + Send + Sync>;

#[derive(Debug, ThisError)]
pub enum CloudError {
    #[error("the data directory cannot be used")]
    Directory(#[source] std::io::Error),
    #[error(transparent)]
    Secret(platform::webhook::UnusableSecret),
    #[error("another local cloud uses this data directory")]
    InUse,
    #[error("port {port} of the loopback address cannot be listened on")]
    Port {
        port: u16,
        #[source]
        source: std::io::Error,
    },
    #[error("the embedded database failed")]
    Engine(#[source] Source),
    #[error("the issuer's key cannot be used")]
    Issuer(#[source] Source),
    #[error("two routes are in each other's way: {0}")]
    Routes(String),
    #[error("the schedule of {function} is none that EventBridge Scheduler takes: {reason}")]
    Schedule { function: &'static str, reason: String },
    #[error("there is no queue {0}")]
    NoQueue(String),
    #[error("there is no topic {0}")]
    NoTopic(String),
    /// Something of what would have been committed together failed: nothing happened, try again.
    #[error("the change was not committed")]
    NotCommitted,
    #[error("the local cloud has stopped")]
    Closed,
}

impl CloudError {
    pub(crate) fn engine(error: impl Into<Source>) -> Self {
        Self::Engine(error.into())
    }

    pub(crate) fn issuer(error: impl Into<Source>) -> Self {
        Self::Issuer(error.into())
    }
}
