//! A whole table, read in parallel segments, consistently, page by page. The caller takes the pages from a bounded channel, so memory does
//! not grow with the table.

use super::{Deployment, OperationError};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use platform::resource::Table;
use platform::store::Record;
use std::collections::HashMap;
use tokio::sync::mpsc::Sender;

/// Segments of a table that are read at once.
const SEGMENTS: i32 = 8;

/// Records of a table, in no order but that of their sort keys within a partition.
#[derive(Debug)]
pub struct Page {
    pub records: Vec<Record>,
    /// Items that are no records: the key and the reason of each.
    pub unreadable: Vec<String>,
    pub read_units: f64,
}

/// How many records `table` has, as DynamoDB counts them: every six hours or so.
pub async fn count_estimate(deployment: &Deployment, table: &Table) -> Result<u64, OperationError> {
    let name = deployment.sdk.names.table(table);
    let described = deployment.sdk.dynamodb().describe_table().table_name(&name).send().await;
    let described = described.map_err(|error| OperationError::of(format!("looking at the table {name}"), error))?;
    Ok(described.table.and_then(|table| table.item_count).and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// Reads `table` to its end and sends every page. Ends early, and well, when nobody takes them any more.
pub async fn read(deployment: &Deployment, table: &Table, pages: Sender<Page>) -> Result<(), OperationError> {
    let (client, name) = (deployment.sdk.dynamodb(), deployment.sdk.names.table(table));
    let segments = (0..SEGMENTS).map(|segment| read_segment(&client, &name, segment, &pages));
    futures_util::future::try_join_all(segments).await.map(drop)
}

async fn read_segment(client: &Client, name: &str, segment: i32, pages: &Sender<Page>) -> Result<(), OperationError> {
    let mut after: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let request = client.scan().table_name(name).segment(segment).total_segments(SEGMENTS).consistent_read(true);
        let request = request.return_consumed_capacity(ReturnConsumedCapacity::Total).set_exclusive_start_key(after);
        let what = || format!("reading the table {name}");
        let reply = request.send().await.map_err(|error| OperationError::of(what(), error))?;
        let (mut records, mut unreadable) = (Vec::new(), Vec::new());
        for item in reply.items.unwrap_or_default() {
            match Record::from_item(item) {
                Ok(record) => records.push(record),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        let read_units = reply.consumed_capacity.as_ref().and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
        if pages.send(Page { records, unreadable, read_units }).await.is_err() {
            return Ok(());
        }
        match reply.last_evaluated_key {
            Some(key) => after = Some(key),
            None => return Ok(()),
        }
    }
}
