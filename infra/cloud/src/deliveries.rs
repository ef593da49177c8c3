//! How queues and streams deliver. The local cloud delivers each message once and each change in order, as AWS mostly does. A simulation
//! delivers as AWS is free to: twice, late, in another order, again while the function still runs.

use crate::engine::StreamRow;
use std::time::Duration;

/// Decides over deliveries.
pub trait Deliveries: Send + Sync {
    /// The copies of a message that is sent to `queue`: how much later than asked each becomes visible. There is at least one.
    fn copies(&self, _queue: &str) -> Vec<Duration> {
        vec![Duration::ZERO]
    }

    /// How long received messages stay invisible, where the queue says `own`.
    fn visibility(&self, _queue: &str, own: Duration) -> Duration {
        own
    }

    /// Whether the deletion of handled messages arrives. Where it does not, they come again.
    fn deletes(&self, _queue: &str) -> bool {
        true
    }

    /// Notes an event that was published.
    fn published(&self, _event: &str) {}

    /// How long a stream's next changes are late, and in which batch of them they come.
    fn changes(&self, _function: &str, rows: Vec<StreamRow>) -> (Duration, Vec<StreamRow>) {
        (Duration::ZERO, rows)
    }
}

/// Once, in order, at once.
#[derive(Debug, Clone, Copy)]
pub struct Faithful;

impl Deliveries for Faithful {}
