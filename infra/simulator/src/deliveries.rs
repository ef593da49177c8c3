//! Queues and streams as AWS is free to deliver: twice, late, out of order, again while the function still runs.

use super::fault::Fault;
use super::simulation::Simulation;
use cloud::deliveries::Deliveries;
use cloud::engine::StreamRow;
use fastrand::Rng;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

const LATE_S: std::ops::RangeInclusive<u64> = 1..=600;
/// SQS keeps a message for 14 days.
const VERY_LATE_S: std::ops::Range<u64> = 3_600..14 * 24 * 3_600;
const STREAM_LATE_S: std::ops::RangeInclusive<u64> = 1..=300;
const VISIBLE_EARLY_MS: std::ops::RangeInclusive<u64> = 10..=2_000;

pub struct Disturbed(Arc<Simulation>);

impl Disturbed {
    pub const fn new(simulation: Arc<Simulation>) -> Self {
        Self(simulation)
    }

    fn seconds(&self, seconds: impl std::ops::RangeBounds<u64>) -> Duration {
        Duration::from_secs(self.0.draw(|rng| rng.u64(seconds)))
    }
}

impl Deliveries for Disturbed {
    fn copies(&self, queue: &str) -> Vec<Duration> {
        if self.0.loses(queue) {
            return Vec::new();
        }
        let first = if self.0.strikes(Fault::Late) { self.seconds(LATE_S) } else { Duration::ZERO };
        let mut copies = vec![first];
        if self.0.strikes(Fault::Duplicated) {
            copies.push(self.seconds(0..30));
        }
        if self.0.strikes(Fault::VeryLate) {
            copies.push(self.seconds(VERY_LATE_S));
        }
        self.0.note_of((queue, &copies), || format!("        {queue}  a message, after {copies:?}"));
        copies
    }

    fn visibility(&self, _queue: &str, own: Duration) -> Duration {
        if self.0.strikes(Fault::VisibleEarly) {
            Duration::from_millis(self.0.draw(|rng| rng.u64(VISIBLE_EARLY_MS)))
        } else {
            own
        }
    }

    fn deletes(&self, _queue: &str) -> bool {
        !self.0.strikes(Fault::Redelivered)
    }

    fn published(&self, event: &str) {
        self.0.publishes(event);
    }

    fn changes(&self, _function: &str, mut rows: Vec<StreamRow>) -> (Duration, Vec<StreamRow>) {
        if rows.is_empty() {
            return (Duration::ZERO, rows);
        }
        let late = if self.0.strikes(Fault::StreamLate) { self.seconds(STREAM_LATE_S) } else { Duration::ZERO };
        if self.0.strikes(Fault::StreamShuffled) {
            rows = self.0.draw(|rng| {
                rows.truncate(rng.usize(1..=rows.len()));
                shuffled(rows, rng)
            });
        }
        (late, rows)
    }
}

/// The changes in another order. Those of one item keep theirs, as on AWS: they take turns in the places that the item's changes drew.
fn shuffled(rows: Vec<StreamRow>, rng: &mut Rng) -> Vec<StreamRow> {
    let mut order: Vec<Value> = rows.iter().map(key).collect();
    rng.shuffle(&mut order);
    let mut left: Vec<Option<StreamRow>> = rows.into_iter().map(Some).collect();
    let next = |wanted: Value| {
        let place = left.iter_mut().find(|row| row.as_ref().is_some_and(|row| key(row) == wanted));
        place.and_then(Option::take)
    };
    order.into_iter().filter_map(next).collect()
}

fn key(row: &StreamRow) -> Value {
    serde_json::from_str(&row.keys_json).unwrap_or_default()
}
