//! No event is lost: of everything that the tables hold the events were published, at least once. Only what a relay has given up may be
//! missing. It is in the relay's own failures queue.

use super::registry::Registry;
use super::world::World;
use cloud::local_names;
use data_encoding::BASE64;
use jiff::Timestamp;
use platform::Function;
use platform::function::Handler;
use platform::relay::events_again;
use platform::service::functions_of;
use platform::store::{Key, Record};
use serde_json::Value;

/// How many lost events of a relay are named.
const NAMED_MAX: usize = 3;

/// Looks for events that were never published.
pub async fn check(world: &World, registry: Registry) {
    let depths = match world.0.process() {
        Some(process) => process.cloud.backends.queues.depths().await.unwrap_or_default(),
        None => return,
    };
    for function in functions_of(registry.services) {
        let has_given_up =
            function.failures().and_then(|failures| depths.get(failures.name)).is_some_and(|depth| depth.visible > 0);
        if !has_given_up {
            for lost in lost(world, function).into_iter().take(NAMED_MAX) {
                world.violation(format!("{} has never published {lost}", function.name));
            }
        }
    }
}

/// The events of a relay's table that were never published.
fn lost(world: &World, function: &'static Function) -> Vec<String> {
    let (Some(table), Handler::Relay { map, written_at, .. }) = (function.definition.relays(), &function.handler) else {
        return Vec::new();
    };
    let name = local_names().table(table);
    let items = world.0.kept.engine.read(|connection| {
        let mut select = connection.prepare(&format!("SELECT item_json FROM \"{name}\""))?;
        select.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()
    });
    let Some(Ok(items)) = items else { return vec![format!("anything: {name} cannot be read")] };
    let always = Timestamp::MIN..Timestamp::MAX;
    // A record of which no event can be made is in the failures queue.
    let again = |item: String| events_again((*map, *written_at), record(&item)?, &always).ok()?;
    let events = items.into_iter().filter_map(again).flat_map(|(_, events)| events);
    events.filter(|event| !world.0.has_published(event)).collect()
}

fn record(item: &str) -> Option<Record> {
    let item: Value = serde_json::from_str(item).ok()?;
    let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
    let bytes = |name: &str| item[name]["B"].as_str().and_then(|bytes| BASE64.decode(bytes.as_bytes()).ok());
    let number = |name: &str| item[name]["N"].as_str().and_then(|number| number.parse::<i64>().ok());
    let mut record = Record::new(Key::new(text("pk")?, text("sk")?), bytes("body")?);
    record.hash = bytes("hash");
    record.revision = number("rev").and_then(|revision| u64::try_from(revision).ok());
    record.expires_at = number("ttl");
    Some(record)
}
