//! Runs a function as Lambda would: its event as JSON in, its reply as JSON out, ended at its timeout.

use crate::queues::random_uuid;
use futures_util::future::BoxFuture;
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

/// What runs the invocations of one function.
pub trait Host: Send + Sync {
    /// Runs the function once on `event`.
    fn run(&self, request_id: String, event: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RunError>>;
}

/// A function, ready to run.
pub struct Runner {
    function: &'static Function,
    names: Names,
    host: Box<dyn Host>,
}

impl Runner {
    /// In one environment that lives as long as the local cloud, like a warm Lambda.
    pub fn new(function: &'static Function, environment: Arc<Environment>) -> Self {
        let names = environment.sdk.names.clone();
        Self::hosted(function, names, Box::new(Warm { function, environment }))
    }

    /// Where `host` runs it.
    pub const fn hosted(function: &'static Function, names: Names, host: Box<dyn Host>) -> Self {
        Self { function, names, host }
    }

    pub fn function(&self) -> &'static Function {
        self.function
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Runs the function once.
    pub async fn invoke(&self, event: Vec<u8>) -> Result<Vec<u8>, RunError> {
        self.invoke_as(random_uuid(), event).await
    }

    /// The same under a request id that the caller knows.
    pub async fn invoke_as(&self, request_id: String, event: Vec<u8>) -> Result<Vec<u8>, RunError> {
        self.host.run(request_id, event).await
    }
}

struct Warm {
    function: &'static Function,
    environment: Arc<Environment>,
}

impl Host for Warm {
    /// On a task of its own, so that a caller who goes away does not end it.
    fn run(&self, request_id: String, event: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RunError>> {
        let run = run(self.function, self.environment.clone(), request_id, event);
        Box::pin(async move { tokio::spawn(run).await.unwrap_or_else(|ended| Err(RunError::Failed(ended.to_string()))) })
    }
}

/// Runs `function` in `environment`, at most until its timeout. There is no X-Ray here; a `traceparent` reaches the function within its
/// event.
pub async fn run(
    function: &'static Function,
    environment: Arc<Environment>,
    request_id: String,
    event: Vec<u8>,
) -> Result<Vec<u8>, RunError> {
    let deadline = tokio::time::Instant::now() + function.timeout;
    let invocation = Invocation { request_id, trace: String::new(), deadline };
    match tokio::time::timeout_at(deadline, invoke(function, &environment, &event, invocation)).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => Err(RunError::Failed(error.to_string())),
        Err(_elapsed) => Err(RunError::TimedOut),
    }
}
