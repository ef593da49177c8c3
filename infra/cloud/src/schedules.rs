//! EventBridge Scheduler: a message on a function's queue every few minutes of the settable clock, or at the times of a cron expression.
//! The transaction of a message also stores the firing's time, so a crash neither loses nor doubles one. After a jump of the clock a
//! schedule fires once, not once for each time it missed.

mod cron;
mod field;

use crate::CloudError;
use crate::clock::LocalClock;
use crate::database::Database;
use crate::queues::{NewMessage, Queues};
use cron::Cron;
use jiff::{SignedDuration, Timestamp};
use platform::Service;
use platform::clock::Clock;
use platform::function::{Function, Schedule as Definition, Trigger};
use platform::service::functions_of;
use rusqlite::{OptionalExtension, params};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What the scheduler sends, as the wiring says on AWS.
pub const MESSAGE: &str = "{}";
const TROUBLE_WAIT: Duration = Duration::from_millis(500);

/// Whether each schedule of `services` is one that EventBridge Scheduler takes.
///
/// # Errors
/// The first that is not, by its function's name.
pub fn check_schedules(services: &'static [&'static Service]) -> Result<(), CloudError> {
    functions_of(services).try_for_each(|function| Times::of(function).map(|_| ()))
}

/// A function's schedule.
pub struct Schedule {
    function: &'static str,
    queue: &'static str,
    times: Arc<Times>,
    database: Arc<Database>,
    queues: Arc<Queues>,
    clock: Arc<LocalClock>,
}

/// When a schedule comes.
#[derive(Debug)]
enum Times {
    Every(SignedDuration),
    Cron(Cron),
}

impl Times {
    /// When `function` is called, if it has a schedule.
    fn of(function: &Function) -> Result<Option<Self>, CloudError> {
        let wrong = |reason| CloudError::Schedule { function: function.name, reason };
        Ok(match function.trigger {
            Trigger::Schedule { schedule: Definition::EveryMinutes(0), .. } => {
                return Err(wrong("it comes every 0 minutes".into()));
            }
            Trigger::Schedule { schedule: Definition::EveryMinutes(minutes), .. } => {
                Some(Self::Every(SignedDuration::from_mins(i64::from(minutes))))
            }
            Trigger::Schedule { schedule: Definition::Cron { fields, zone }, .. } => {
                Some(Self::Cron(Cron::parse(fields, zone).map_err(wrong)?))
            }
            Trigger::Http(_) | Trigger::Queue { .. } | Trigger::Stream { .. } => None,
        })
    }

    /// The first time after `last`.
    fn next(&self, last: Timestamp) -> Timestamp {
        match self {
            Self::Every(every) => last.saturating_add(*every).unwrap_or(Timestamp::MAX),
            Self::Cron(cron) => cron.next(last).unwrap_or(Timestamp::MAX),
        }
    }

    /// The time to store as the last firing when it fires at `now`. For an interval it is the last multiple that has passed, which keeps
    /// the phase.
    fn fired(&self, last: Timestamp, now: Timestamp) -> Timestamp {
        let Self::Every(every) = self else { return now };
        let missed = now.duration_since(last).as_millis() / every.as_millis();
        let moment = i128::from(last.as_millisecond()) + missed * every.as_millis();
        i64::try_from(moment).ok().and_then(|moment| Timestamp::from_millisecond(moment).ok()).unwrap_or(now)
    }
}

impl Schedule {
    /// The schedule of `function`, if it has one.
    ///
    /// # Errors
    /// When EventBridge Scheduler would not take it.
    pub fn of(
        function: &Function,
        database: &Arc<Database>,
        queues: &Arc<Queues>,
        clock: &Arc<LocalClock>,
    ) -> Result<Option<Self>, CloudError> {
        let schedule = |(times, queue): (Times, &'static str)| Self {
            function: function.name,
            queue,
            times: Arc::new(times),
            database: database.clone(),
            queues: queues.clone(),
            clock: clock.clone(),
        };
        let Trigger::Schedule { queue, .. } = &function.trigger else { return Ok(None) };
        Ok(Times::of(function)?.map(|times| schedule((times, queue.name))))
    }

    /// Fires until `stopping`.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        tokio::select! {
            biased;
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
                        biased;
                        () = self.clock.sleep_until(next) => {}
                        () = moves.next() => {}
                    }
                }
                Err(_) => tokio::time::sleep(TROUBLE_WAIT).await,
            }
        }
    }

    /// Fires if it is time. Returns when it is time next.
    async fn fire_if_due(&self) -> Result<Timestamp, CloudError> {
        let (function, queue, now, times) = (self.function, self.queue, self.clock.now(), self.times.clone());
        let (fired, next) = self.database.run(move |connection| fire(connection, (function, queue), now, &times)).await?;
        if fired {
            self.queues.sent(queue);
        }
        Ok(next)
    }
}

/// Whether it fired, and when it is time next. The first time counts from the moment the schedule was made, and after the clock was set
/// back from then.
fn fire(
    connection: &rusqlite::Connection,
    (function, queue): (&str, &str),
    now: Timestamp,
    times: &Times,
) -> rusqlite::Result<(bool, Timestamp)> {
    let last: Option<i64> =
        connection.query_row("SELECT fired_ms FROM schedules WHERE function = ?1", [function], |row| row.get(0)).optional()?;
    let last = last.and_then(|last| Timestamp::from_millisecond(last).ok()).filter(|last| *last <= now);
    let fires = last.is_some_and(|last| times.next(last) <= now);
    let counted = match last {
        Some(last) if !fires => return Ok((false, times.next(last))),
        Some(last) => times.fired(last, now),
        None => now,
    };
    connection.execute("INSERT OR REPLACE INTO schedules VALUES (?1, ?2)", params![function, counted.as_millisecond()])?;
    if fires {
        let message = NewMessage { queue: queue.to_owned(), body: MESSAGE.to_owned(), ..NewMessage::default() };
        message.insert(connection, now, &[Duration::ZERO])?;
    }
    Ok((fires, times.next(counted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A database as the local cloud has it, and how often a schedule has fired into it.
    struct Fixture {
        directory: tempfile::TempDir,
        times: Arc<Times>,
    }

    impl Fixture {
        fn new(times: Times) -> Self {
            Self { directory: tempfile::tempdir().unwrap(), times: Arc::new(times) }
        }

        /// Opens the database again each time, as a restart does.
        async fn at(&self, now: &str) -> (bool, Timestamp, i64) {
            let database = Database::open(self.directory.path()).unwrap();
            let (now, times) = (at(now), self.times.clone());
            let fired = database.run(move |connection| {
                let (fired, next) = fire(connection, ("tick", "tick"), now, &times)?;
                Ok((fired, next, connection.query_row("SELECT COUNT(*) FROM messages", [], |row| row.get(0))?))
            });
            let fired = fired.await.unwrap();
            database.close().await;
            fired
        }
    }

    #[tokio::test]
    async fn a_cron_schedule_fires_once_after_a_jump_and_never_twice() {
        let schedule = Fixture::new(Times::Cron(Cron::parse("0 3 1 * ? *", "Asia/Tokyo").unwrap()));
        let next = at("2026-01-31T18:00:00Z");
        assert_eq!(schedule.at("2026-01-15T00:00:00Z").await, (false, next, 0), "it counts from when it was made");
        assert_eq!(schedule.at("2026-01-31T17:59:59Z").await, (false, next, 0));
        assert_eq!(schedule.at("2026-01-31T18:00:00Z").await, (true, at("2026-02-28T18:00:00Z"), 1));
        assert_eq!(schedule.at("2026-01-31T18:00:00Z").await, (false, at("2026-02-28T18:00:00Z"), 1));
        assert_eq!(schedule.at("2026-08-15T00:00:00Z").await, (true, at("2026-08-31T18:00:00Z"), 2), "once for half a year");
        assert_eq!(schedule.at("2026-08-15T00:00:01Z").await, (false, at("2026-08-31T18:00:00Z"), 2));
    }

    #[tokio::test]
    async fn a_clock_set_back_begins_again_from_there() {
        for times in [Times::Cron(Cron::parse("0 * * * ? *", "UTC").unwrap()), Times::Every(SignedDuration::from_hours(1))] {
            let schedule = Fixture::new(times);
            schedule.at("2026-06-01T00:00:00Z").await;
            assert!(schedule.at("2026-06-01T01:00:00Z").await.0);
            assert_eq!(schedule.at("2026-01-01T00:00:00Z").await, (false, at("2026-01-01T01:00:00Z"), 1));
            assert_eq!(schedule.at("2026-01-01T01:00:00Z").await, (true, at("2026-01-01T02:00:00Z"), 2));
        }
    }

    #[tokio::test]
    async fn an_interval_keeps_its_phase() {
        let schedule = Fixture::new(Times::Every(SignedDuration::from_mins(15)));
        schedule.at("2026-06-01T00:05:00Z").await;
        assert_eq!(schedule.at("2026-06-01T05:00:00Z").await, (true, at("2026-06-01T05:05:00Z"), 1));
    }

    #[test]
    fn a_schedule_that_eventbridge_refuses_is_named() {
        use platform::sweep;
        async fn nothing(_context: &platform::Context) -> Result<(), platform::message::Failure> {
            Ok(())
        }
        static WRONG: Function = Function::cron("close-month", "0 3 1 * * *", "Asia/Tokyo").handled_by(sweep!(nothing));
        static NEVER: Function = Function::every_minutes("close-never", 0).handled_by(sweep!(nothing));
        static RIGHT: Function = Function::cron("close-day", "0 3 * * ? *", "Asia/Tokyo").handled_by(sweep!(nothing));
        static SERVICE: Service = Service::new("months", "", &[], &[&RIGHT, &WRONG]);
        static SERVICES: &[&Service] = &[&SERVICE];
        let refused = check_schedules(SERVICES).unwrap_err().to_string();
        assert!(refused.starts_with("the schedule of close-month is none that EventBridge Scheduler takes"), "{refused}");
        assert!(Times::of(&NEVER).is_err());
        assert!(matches!(Times::of(&RIGHT), Ok(Some(Times::Cron(_)))));
    }
}
