//! EventBridge Scheduler: a message on a function's queue every few minutes of the settable clock. The last firing is stored in the
//! transaction of its message, so a crash neither loses nor doubles one; after a jump of the clock a schedule fires once, not once
//! for each time it missed.

use crate::CloudError;
use crate::clock::LocalClock;
use crate::database::Database;
use crate::queues::{NewMessage, Queues};
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::function::{Function, Schedule as Every, Trigger};
use rusqlite::{OptionalExtension, params};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the scheduler sends, as the wiring says on AWS.
pub const MESSAGE: &str = "{}";
const TROUBLE_WAIT: Duration = Duration::from_millis(500);

/// A function's schedule.
pub struct Schedule {
    function: &'static str,
    queue: &'static str,
    every: SignedDuration,
    database: Arc<Database>,
    queues: Arc<Queues>,
    clock: Arc<LocalClock>,
}

impl Schedule {
    /// The schedule of `function`, if it has one.
    pub fn of(function: &Function, database: &Arc<Database>, queues: &Arc<Queues>, clock: &Arc<LocalClock>) -> Option<Self> {
        let Trigger::Schedule { queue, schedule: Every::EveryMinutes(every_minutes) } = function.trigger else { return None };
        Some(Self {
            function: function.name,
            queue: queue.name,
            every: SignedDuration::from_mins(i64::from(every_minutes)),
            database: database.clone(),
            queues: queues.clone(),
            clock: clock.clone(),
        })
    }

    /// Fires until `stopping`.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = self.fire_when_due() => {}
        }
    }

    async fn fire_when_due(&self) {
        loop {
            match self.fire_if_due().await {
                Ok(next) => {
                    // Set back, the clock would never come to `next`: look again at every move.
                    let mut moves = self.clock.moves();
                    tokio::select! {
                        () = self.clock.sleep_until(next) => {}
                        _ = moves.changed() => {}
                    }
                }
                Err(_) => tokio::time::sleep(TROUBLE_WAIT).await,
            }
        }
    }

    /// Fires if it is time. Returns when it is time next.
    async fn fire_if_due(&self) -> Result<Timestamp, CloudError> {
        let (function, queue, now, every) = (self.function, self.queue, self.clock.now(), self.every);
        let (fired, last) = self.database.run(move |connection| fire(connection, function, queue, now, every)).await?;
        if fired {
            self.queues.sent(queue);
        }
        Ok(last.saturating_add(every).unwrap_or(Timestamp::MAX))
    }
}

/// Whether it fired, and when it last did. The first time counts from the moment the schedule was made.
fn fire(
    connection: &rusqlite::Connection,
    function: &str,
    queue: &str,
    now: Timestamp,
    every: SignedDuration,
) -> rusqlite::Result<(bool, Timestamp)> {
    let last: Option<i64> =
        connection.query_row("SELECT fired_ms FROM schedules WHERE function = ?1", [function], |row| row.get(0)).optional()?;
    let stored = last.is_some();
    let last = last.and_then(|last| Timestamp::from_millisecond(last).ok()).map_or(now, |last| last.min(now));
    let missed = now.duration_since(last).as_millis() / every.as_millis();
    if stored && missed == 0 {
        return Ok((false, last));
    }
    let every_ms = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
    let moment = last.as_millisecond() + i64::try_from(missed).unwrap_or(0) * every_ms;
    let last = Timestamp::from_millisecond(moment).unwrap_or(now);
    connection.execute("INSERT OR REPLACE INTO schedules VALUES (?1, ?2)", params![function, moment])?;
    if missed > 0 {
        let message = NewMessage { queue: queue.to_owned(), body: MESSAGE.to_owned(), ..NewMessage::default() };
        message.insert(connection, now)?;
    }
    Ok((missed > 0, last))
}
