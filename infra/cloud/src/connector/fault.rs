//! Where tests make AWS fail. A fault before a call means that it has no effect. A fault after it keeps the effect and loses the reply.
//! dynoxide itself never conflicts and never throttles.

use super::Spoken;
use crate::engine::Reply;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

/// A call of an AWS service by a function.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub function: &'static str,
    /// `dynamodb`, `sqs`, `sns` or `ssm`.
    pub service: &'static str,
    /// `TransactWriteItems`
    pub operation: &'a str,
    pub body: &'a [u8],
}

/// What the function gets instead.
#[derive(Debug, Clone)]
pub enum Fault {
    Reply(Reply),
    /// Nothing: the connection broke.
    Lost,
}

/// Decides over faults.
pub trait Faults: Send + Sync {
    /// Instead of the call.
    fn before(&self, _call: &Call<'_>) -> Option<Fault> {
        None
    }

    /// Instead of its reply.
    fn after(&self, _call: &Call<'_>, _reply: &Reply) -> Option<Fault> {
        None
    }
}

impl Fault {
    pub(super) fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        match self {
            Self::Reply(reply) => Spoken::from(reply).into_response(),
            Self::Lost => Err(ConnectorError::io("the connection was lost".into())),
        }
    }
}

/// The faults that a test has installed; usually none.
#[derive(Default)]
pub struct InstalledFaults {
    any: AtomicBool,
    faults: RwLock<Option<Arc<dyn Faults>>>,
}

impl InstalledFaults {
    pub fn install(&self, faults: Option<Arc<dyn Faults>>) {
        self.any.store(faults.is_some(), Relaxed);
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    pub(super) fn installed(&self) -> Option<Arc<dyn Faults>> {
        if !self.any.load(Relaxed) {
            return None;
        }
        self.faults.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A transaction of `items` whose last one another transaction holds.
pub fn transaction_conflict(items: usize) -> Reply {
    let mut reasons = vec![json!({"Code": "None"}); items.saturating_sub(1)];
    reasons.push(json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}));
    let codes: Vec<_> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    Reply { status: 400, body: json!({"__type": kind, "Message": message, "CancellationReasons": reasons}).to_string() }
}

/// A call too many.
pub fn throttled() -> Reply {
    Reply::error(400, "com.amazon.coral.availability#ThrottlingException", "Rate exceeded")
}

/// AWS's own failure.
pub fn internal_error() -> Reply {
    Reply::error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "The request could not be completed")
}
