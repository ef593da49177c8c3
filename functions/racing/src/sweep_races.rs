//! The sweep that brings back races which hang: RESULTED and not SETTLED for longer than settlement takes. It reads only the rows of
//! a few days, and tells of a race that does not come back.

use crate::records::DayRow;
use crate::settle_race::{RaceVersion, Wanted};
use crate::{RACE_HANGS, RACING, SETTLE_RACE, SWEEP_RACES, keys};
use jiff::{SignedDuration, ToSpan};
use platform::function::{Action, Function, Grant, Handler, Sends, Trigger};
use platform::message::{Failure, Message};
use platform::store::Range;
use platform::{Context, telemetry};
use shared::calendar::day_of;
use racing_domain::RaceState;
use std::time::Duration;

/// How long settlement may take before the sweep looks after it.
const HANGS_AFTER_MINUTES: i64 = 5;
/// How long a race may hang before somebody is told: many settlements were started by then.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How many days are looked at: tomorrow, today and the five before, in which nearly all corrections come. Each costs its rows' reading
/// every minute. An older race that hangs is told by the dead letter that stopped it, and by `koban verify`.
const DAYS: i32 = 7;

pub static FUNCTION: Function = Function {
    name: "sweep-races",
    summary: "Brings back races that hang",
    doc: "Sends each race of the last days that is resulted and unsettled for more than five minutes to settle-race again: every minute, \
          after a quarter of an hour every five, after two hours four times an hour. One that still is after an hour raises an alarm.",
    trigger: Trigger::Schedule { queue: &SWEEP_RACES, every_minutes: 1 },
    grants: &[Grant { table: &RACING, actions: &[Action::Query] }],
    sends: &[Sends::to(&SETTLE_RACE)],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(30),
    memory_mb: 256,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

async fn handle(context: &Context, _message: Message) -> Result<(), Failure> {
    let now = context.now();
    // From tomorrow on: feeds of the next day come the evening before, and clocks are never exact.
    let newest = day_of(now).tomorrow()?;
    for back in 0..DAYS {
        let pk = keys::day_partition(newest.checked_sub(back.days())?);
        let rows = context.table(&RACING).all(&Range::all(&pk)).await?;
        let mut messages = Vec::new();
        for record in &rows {
            let DayRow { race, state, result_version, changed_at, .. } = record.read()?;
            let age = now.duration_since(changed_at);
            if state != RaceState::Resulted {
                continue;
            }
            if age > TOLD_AFTER {
                let detail = format!("{race} has its result of version {result_version} since {changed_at} and is not settled");
                telemetry::raise(context, &RACE_HANGS, &detail);
            }
            if is_brought_back(age) {
                messages.push(serde_json::to_string(&Wanted { data: RaceVersion { race, result_version } })?);
            }
        }
        context.queue(&SETTLE_RACE).send(messages, Duration::ZERO).await?;
    }
    Ok(())
}

/// Whether a race that is unsettled for so long is brought back now. What still hangs after many attempts has a cause that somebody must
/// find, and is not worth a race's reading every minute. A minute and a half, since the clock's calls are not exact.
fn is_brought_back(age: SignedDuration) -> bool {
    let every = match age.as_mins() {
        HANGS_AFTER_MINUTES..15 => 1,
        15..120 => 5,
        120.. => 15,
        _ => return false,
    };
    age.as_secs() % (every * 60) < 90
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_race_is_brought_back_every_minute_at_first_and_more_seldom_later() {
        let brought_back = |minutes: std::ops::Range<i64>| -> Vec<i64> {
            minutes.filter(|minute| is_brought_back(SignedDuration::from_secs(minute * 60 + 40))).collect()
        };
        assert_eq!(brought_back(0..20), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(brought_back(16..31), [20, 25, 30]);
        assert_eq!(brought_back(120..160), [120, 135, 150]);
    }
}
