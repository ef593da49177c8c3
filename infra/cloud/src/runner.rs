//! Runs a function as Lambda would: its event as JSON in, its reply as JSON out, ended at its timeout. One environment per function
//! lives as long as the local cloud, like a warm Lambda.

use crate::queues::random_uuid;
use platform::Function;
use platform::context::Environment;
use platform::invoke::{Invocation, invoke};
use platform::sdk::Names;
use std::sync::Arc;
use thiserror::Error;

/// An invocation without a reply.
#[derive(Debug, Error)]
pub enum RunError {
    #[error("it took longer than its timeout")]
    TimedOut,
    #[error("{0}")]
    Failed(String),
}

/// A function, ready to run.
pub struct Runner {
    function: &'static Function,
    environment: Arc<Environment>,
}

impl Runner {
    pub const fn new(function: &'static Function, environment: Arc<Environment>) -> Self {
        Self { function, environment }
    }

    pub fn function(&self) -> &'static Function {
        self.function
    }

    pub fn names(&self) -> &Names {
        &self.environment.sdk.names
    }

    /// Runs the function once, on a task of its own, so that a caller who goes away does not end it. There is no X-Ray here; a
    /// `traceparent` reaches the function within its event.
    pub async fn invoke(&self, event: Vec<u8>) -> Result<Vec<u8>, RunError> {
        self.invoke_as(random_uuid(), event).await
    }

    /// The same under a request id that the caller knows.
    pub async fn invoke_as(&self, request_id: String, event: Vec<u8>) -> Result<Vec<u8>, RunError> {
        let (function, environment) = (self.function, self.environment.clone());
        let deadline = tokio::time::Instant::now() + function.timeout;
        let invocation = Invocation { request_id, trace: String::new(), deadline };
        let run = async move { tokio::time::timeout_at(deadline, invoke(function, &environment, &event, invocation)).await };
        match tokio::spawn(run).await {
            Ok(Ok(Ok(reply))) => Ok(reply),
            Ok(Ok(Err(error))) => Err(RunError::Failed(error.to_string())),
            Ok(Err(_elapsed)) => Err(RunError::TimedOut),
            Err(ended) => Err(RunError::Failed(ended.to_string())),
        }
    }
}
