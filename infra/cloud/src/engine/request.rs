//! The DynamoDB operations that the engine runs. The caller's thread parses them, to save the writer's time, and the thread with the
//! storage runs them. The list is one table; an operation is added by one line.

use super::Reply;
use dynoxide::actions::{self, vector_lifecycle::VectorIndexLifecycle};
use dynoxide::errors::DynoxideError;
use dynoxide::storage::Storage;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What an operation does to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Reads, from any connection: what was committed is seen at once.
    Reads,
    /// Writes items, or reads several of them as of one moment.
    Writes,
    /// Changes what tables there are: connections must forget what they knew of them.
    Defines,
}

macro_rules! operations {
    ($lifecycle:ident; $($name:ident($module:ident::$request:ident) $effect:ident $($extra:ident)?;)*) => {
        /// A parsed request.
        pub enum Request {
            $($name(Box<actions::$module::$request>),)*
        }

        impl Request {
            /// The request that `body` is, or the reply that refuses it.
            pub fn parse(operation: &str, body: &[u8]) -> Result<Self, Reply> {
                match operation {
                    $(stringify!($name) => parse(body).map(|request| Self::$name(Box::new(request))),)*
                    _ => Err(Reply::error(400, UNKNOWN_OPERATION, "")),
                }
            }

            pub fn effect(&self) -> Effect {
                match self {
                    $(Self::$name(_) => Effect::$effect,)*
                }
            }

            /// Runs it on a storage that no one else uses meanwhile.
            pub(super) fn run(self, storage: &Storage, $lifecycle: &VectorIndexLifecycle) -> Reply {
                match self {
                    $(Self::$name(request) => {
                        reply(&pollster::block_on(actions::$module::execute(storage, *request $(, $extra)?)))
                    })*
                }
            }
        }
    };
}

const UNKNOWN_OPERATION: &str = "com.amazon.coral.service#UnknownOperationException";

operations! { lifecycle;
    GetItem(get_item::GetItemRequest) Reads;
    BatchGetItem(batch_get_item::BatchGetItemRequest) Reads;
    Query(query::QueryRequest) Reads;
    Scan(scan::ScanRequest) Reads;
    TransactGetItems(transact_get_items::TransactGetItemsRequest) Writes;
    PutItem(put_item::PutItemRequest) Writes;
    UpdateItem(update_item::UpdateItemRequest) Writes;
    DeleteItem(delete_item::DeleteItemRequest) Writes;
    BatchWriteItem(batch_write_item::BatchWriteItemRequest) Writes;
    // Its action keeps no request tokens: `tokens` does. dynoxide's `Database` would scan ten minutes of them each time.
    TransactWriteItems(transact_write_items::TransactWriteItemsRequest) Writes;
    ListTables(list_tables::ListTablesRequest) Writes;
    DescribeTable(describe_table::DescribeTableRequest) Writes lifecycle;
    DescribeTimeToLive(describe_time_to_live::DescribeTimeToLiveRequest) Writes;
    CreateTable(create_table::CreateTableRequest) Defines;
    UpdateTable(update_table::UpdateTableRequest) Defines lifecycle;
    DeleteTable(delete_table::DeleteTableRequest) Defines lifecycle;
    UpdateTimeToLive(update_time_to_live::UpdateTimeToLiveRequest) Defines;
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        // dynoxide marks what it found invalid itself, apart from what is not JSON of the request's form.
        match text.split_once("VALIDATION:").or_else(|| text.split_once("VALIDATION_REQUEST:")) {
            Some((_, message)) => Reply::error(400, "com.amazon.coral.validate#ValidationException", message),
            None => Reply::error(400, "com.amazon.coral.service#SerializationException", text),
        }
    })
}

fn reply<T: Serialize>(result: &Result<T, DynoxideError>) -> Reply {
    let done = match result {
        Ok(done) => serde_json::to_string(done),
        Err(error) => return Reply { status: error.status_code(), body: error.to_json() },
    };
    match done {
        Ok(body) => Reply { status: 200, body },
        Err(error) => Reply::error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", &error.to_string()),
    }
}
