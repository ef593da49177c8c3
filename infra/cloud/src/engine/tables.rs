//! The tables of the services, created when they are missing. They have the same shape as Terraform gives them on AWS, and the one index
//! that dynoxide lacks. One commit creates all that is missing. dynoxide lists a table before it creates it. A kill between the two would
//! leave a listed table that never works.

use crate::CloudError;
use dynoxide::actions::{create_table, update_time_to_live};
use dynoxide::storage::Storage;
use platform::Service;
use platform::resource::Table;
use platform::sdk::Names;
use platform::service::tables_of;
use serde_json::{Value, json};

/// Without it every write to a table with a stream reads all stream records: 2,277 writes a second fell to 419 within ten seconds.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS sr ON _stream_records(table_name, CAST(sequence_number AS INTEGER));";
/// How far each relay has come, beside the records it reads: restored or removed together with them.
const STREAM_POSITIONS: &str =
    "CREATE TABLE IF NOT EXISTS koban_stream_positions (function TEXT PRIMARY KEY, id INTEGER NOT NULL);";

pub(super) fn create(storage: &Storage, services: &[&Service], names: &Names) -> Result<(), CloudError> {
    storage.begin_transaction().map_err(CloudError::engine)?;
    let created = create_all(storage, services, names);
    let ended = if created.is_ok() { storage.commit() } else { storage.rollback() };
    created.and(ended.map_err(CloudError::engine))
}

fn create_all(storage: &Storage, services: &[&Service], names: &Names) -> Result<(), CloudError> {
    for table in tables_of(services) {
        create_one(storage, table, &names.table(table))?;
    }
    storage.conn().execute_batch(STREAM_INDEX).map_err(CloudError::engine)?;
    storage.conn().execute_batch(STREAM_POSITIONS).map_err(CloudError::engine)
}

fn create_one(storage: &Storage, table: &Table, name: &str) -> Result<(), CloudError> {
    if storage.table_exists(name).map_err(CloudError::engine)? {
        return Ok(());
    }
    let request = serde_json::from_value(definition(table, name)).map_err(CloudError::engine)?;
    pollster::block_on(create_table::execute(storage, request)).map_err(CloudError::engine)?;
    let request = json!({"TableName": name, "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true}});
    let request = serde_json::from_value(request).map_err(CloudError::engine)?;
    pollster::block_on(update_time_to_live::execute(storage, request)).map_err(CloudError::engine)?;
    Ok(())
}

fn definition(table: &Table, name: &str) -> Value {
    let mut attributes = vec!["pk", "sk"];
    attributes.extend(table.indexes.iter().flat_map(|index| [index.hash, index.range]));
    attributes.sort_unstable();
    attributes.dedup();
    let keys = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let indexes = table.indexes.iter().map(|index| {
        json!({
            "IndexName": index.name,
            "KeySchema": keys(index.hash, index.range),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        })
    });
    let mut definition = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys("pk", "sk"),
        "AttributeDefinitions":
            attributes.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect::<Vec<_>>(),
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
    });
    if !table.indexes.is_empty() {
        definition["GlobalSecondaryIndexes"] = indexes.collect();
    }
    definition
}
