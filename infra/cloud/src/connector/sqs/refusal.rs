//! SQS's errors: the type that its JSON protocol names, and the older code that SDKs read from `x-amzn-query-error`.

use crate::CloudError;
use crate::connector::Spoken;
use crate::engine::Reply;
use serde_json::{Value, json};

/// Why SQS does not do what it was asked.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    /// `com.amazonaws.sqs#QueueDoesNotExist`
    kind: &'static str,
    /// `AWS.SimpleQueueService.NonExistentQueue`
    code: &'static str,
    message: String,
}

/// The errors that have the name of their code.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $kind:literal, $code:literal;)*) => {
        impl Refusal {
            $($(#[$doc])* pub fn $name(message: impl Into<String>) -> Self {
                Self { status: 400, kind: $kind, code: $code, message: message.into() }
            })*
        }
    };
}

refusals! {
    invalid_value: "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue";
    invalid_attribute: "com.amazonaws.sqs#InvalidAttributeName", "InvalidAttributeName";
    invalid_contents: "com.amazonaws.sqs#InvalidMessageContents", "InvalidMessageContents";
    invalid_receipt_told: "com.amazonaws.sqs#ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid";
    not_in_flight: "com.amazonaws.sqs#MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight";
    empty_batch: "com.amazonaws.sqs#EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest";
    too_many_entries: "com.amazonaws.sqs#TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
    not_distinct: "com.amazonaws.sqs#BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
    invalid_entry_id: "com.amazonaws.sqs#InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId";
    batch_too_long: "com.amazonaws.sqs#BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong";
    purge_in_progress: "com.amazonaws.sqs#PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress";
    not_here: "com.amazon.coral.service#UnknownOperationException", "InvalidAction";
    malformed: "com.amazon.coral.service#SerializationException", "MalformedInput";
    missing_told: "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter";
}

impl Refusal {
    pub fn missing(parameter: &str) -> Self {
        Self::missing_told(format!("The request must contain the parameter {parameter}."))
    }

    pub fn invalid_receipt(receipt: &str) -> Self {
        Self::invalid_receipt_told(format!("The input receipt handle \"{receipt}\" is not a valid receipt handle."))
    }

    pub fn out_of_range(value: i64, parameter: &str, reason: &str) -> Self {
        Self::invalid_value(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
    }

    pub fn no_queue() -> Self {
        Self {
            status: 400,
            kind: "com.amazonaws.sqs#QueueDoesNotExist",
            code: "AWS.SimpleQueueService.NonExistentQueue",
            message: "The specified queue does not exist.".into(),
        }
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    fn is_senders(&self) -> bool {
        self.status < 500
    }

    /// As the one entry `id` of a batch that failed.
    pub fn of_entry(&self, id: &str) -> Value {
        json!({"Id": id, "SenderFault": self.is_senders(), "Code": self.code, "Message": self.message})
    }

    pub fn spoken(&self) -> Spoken {
        let fault = if self.is_senders() { "Sender" } else { "Receiver" };
        Spoken { reply: Reply::error(self.status, self.kind, &self.message), query_error: Some(format!("{};{fault}", self.code)) }
    }
}

impl From<CloudError> for Refusal {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::NoQueue(_) => Self::no_queue(),
            other => Self {
                status: 500,
                kind: "com.amazon.coral.service#InternalFailure",
                code: "InternalFailure",
                message: other.to_string(),
            },
        }
    }
}
