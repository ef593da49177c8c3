//! Why the local cloud cannot start, or cannot do what it was asked.

use std::error::Error;
use std::fmt::{Display, Formatter};
use thiserror::Error as ThisError;

type Source = Box<dyn Error + Send + Sync>;

/// What listens on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    Api,
    Aws,
}

impl Display for Listener {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Api => "the API",
            Self::Aws => "the AWS endpoint",
        })
    }
}

#[derive(Debug, ThisError)]
pub enum CloudError {
    #[error("the data directory cannot be used")]
    Directory(#[source] std::io::Error),
    #[error(transparent)]
    Secret(platform::webhook::UnusableSecret),
    #[error("another local cloud uses this data directory")]
    InUse,
    #[error("{listener} cannot listen on port {port} of the loopback address")]
    Port {
        listener: Listener,
        port: u16,
        #[source]
        source: std::io::Error,
    },
    #[error("the API and the AWS endpoint cannot both listen on port {port}")]
    OnePort { port: u16 },
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
    /// Of what a data directory had something is missing.
    #[error("{0}")]
    Lost(String),
    #[error("the clock goes from 1970 to 8999: {0} is no time that it can show")]
    Time(jiff::Timestamp),
}

impl CloudError {
    pub(crate) fn engine(error: impl Into<Source>) -> Self {
        Self::Engine(error.into())
    }

    pub(crate) fn issuer(error: impl Into<Source>) -> Self {
        Self::Issuer(error.into())
    }
}
