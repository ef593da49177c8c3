//! The engine's throughput alone: two-item transactions, one after the other on one thread. File format, settings, streams and indexes are
//! those of the local cloud. The yardstick of the local cloud's throughput.

use super::{open_storage, tables};
use crate::clock::LocalClock;
use crate::{CloudError, local_names};
use dynoxide::actions::transact_write_items::{self, TransactPut, TransactWriteItem, TransactWriteItemsRequest};
use dynoxide::types::{AttributeValue, Item};
use platform::Service;
use platform::resource::Table;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What each transaction puts: an object and a journal line, of `body_bytes` each.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Its first index, if it has one, gets an entry.
    pub object: &'static Table,
    pub line: &'static Table,
    pub body_bytes: usize,
}

/// Transactions per second of `count` sequential ones, in a new directory that must not exist yet.
pub fn transactions_per_second(directory: &Path, services: &[&Service], pair: Pair, count: u32) -> Result<f64, CloudError> {
    std::fs::create_dir(directory).map_err(CloudError::Directory)?;
    let clock = Arc::new(LocalClock::open(directory, None).map_err(CloudError::Directory)?);
    let storage = open_storage(&directory.join("dynamodb.sqlite"), &clock)?;
    let names = local_names();
    tables::create(&storage, services, &names)?;
    let (object, line) = (names.table(pair.object), names.table(pair.line));
    let started = Instant::now();
    for number in 0..count {
        let mut slip = item(&format!("object#{:05}", number % 997), number, pair.body_bytes);
        if let Some(index) = pair.object.indexes.first() {
            slip.insert(index.hash.into(), AttributeValue::S(format!("user-{}", number % 1_000)));
            slip.insert(index.range.into(), AttributeValue::S(format!("{number:010}")));
        }
        let puts = vec![put(&object, slip), put(&line, item(&format!("line#{}", number % 1_000), number, pair.body_bytes))];
        let request = TransactWriteItemsRequest {
            transact_items: puts,
            return_consumed_capacity: Some("TOTAL".into()),
            ..TransactWriteItemsRequest::default()
        };
        pollster::block_on(transact_write_items::execute(&storage, request)).map_err(CloudError::engine)?;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

fn item(pk: &str, number: u32, body_bytes: usize) -> Item {
    let text = |value: String| AttributeValue::S(value);
    Item::from([
        ("pk".into(), text(pk.to_owned())),
        ("sk".into(), text(format!("{number:010}"))),
        ("body".into(), AttributeValue::B(vec![b'x'; body_bytes])),
        ("hash".into(), AttributeValue::B(vec![7; 32])),
    ])
}

fn put(table: &str, item: Item) -> TransactWriteItem {
    let put = TransactPut {
        table_name: table.to_owned(),
        item,
        condition_expression: Some("attribute_not_exists(#c)".into()),
        expression_attribute_names: Some([("#c".to_owned(), "pk".to_owned())].into()),
        return_values_on_condition_check_failure: Some("ALL_OLD".into()),
        ..TransactPut::default()
    };
    TransactWriteItem { put: Some(put), ..TransactWriteItem::default() }
}
