//! Everything that is stored, in a form that two runs can be compared by. Times differ where something was tried again, and so do the
//! hashes over them.

use super::registry::Registry;
use super::world::World;
use cloud::local_names;
use data_encoding::BASE64;
use jiff::Timestamp;
use platform::service::tables_of;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many differences are named.
const NAMED_MAX: usize = 5;

/// Items by table and key, each with what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored(BTreeMap<(String, String, String), Value>);

impl Stored {
    /// Reads all tables. Members named in `varies` may differ from attempt to attempt.
    pub fn read(world: &World, registry: Registry, varies: &[&str]) -> Self {
        let mut items = BTreeMap::new();
        let engine = &world.0.kept.engine;
        for table in tables_of(registry.services) {
            let name = local_names().table(table);
            let rows = engine.read(|connection| {
                let mut select = connection.prepare(&format!("SELECT pk, sk, item_json FROM \"{name}\""))?;
                let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
                rows.collect::<Result<Vec<(String, String, String)>, _>>()
            });
            match rows {
                Some(Ok(rows)) => {
                    items.extend(rows.into_iter().map(|(pk, sk, item)| ((table.name.to_owned(), pk, sk), said(&item, varies))));
                }
                _ => world.violation(format!("{name} cannot be read")),
            }
        }
        Self(items)
    }
}

/// What an item's body says.
fn said(item: &str, varies: &[&str]) -> Value {
    let item: Value = serde_json::from_str(item).unwrap_or_default();
    let body = item["body"]["B"].as_str().and_then(|body| BASE64.decode(body.as_bytes()).ok()).unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| Value::String(BASE64.encode(&body)));
    masked(body, varies)
}

fn masked(value: Value, varies: &[&str]) -> Value {
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "a time".into(),
        Value::Array(values) => values.into_iter().map(|value| masked(value, varies)).collect(),
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| !varies.contains(&name.as_str()) && !name.starts_with("prev"));
            Value::Object(kept.map(|(name, value)| (name, masked(value, varies))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// What `other` has that `one` has not, what it lacks, and what it says otherwise.
pub fn difference(one: &Stored, other: &Stored) -> Vec<String> {
    let mut different = Vec::new();
    for (key, value) in &one.0 {
        match other.0.get(key) {
            None => different.push(format!("{key:?} is missing")),
            Some(found) if found != value => different.push(format!("{key:?} says {found}, and without the fault {value}")),
            Some(_) => {}
        }
    }
    different.extend(other.0.keys().filter(|key| !one.0.contains_key(*key)).map(|key| format!("{key:?} is there, too")));
    different.truncate(NAMED_MAX);
    different
}
