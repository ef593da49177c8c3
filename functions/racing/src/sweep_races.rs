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
use shared::medals::day_of;
use shared::racing::RaceState;
use std::time::Duration;

/// How long settlement may take before the sweep looks after it.
const HANGS_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// How long a race may hang before somebody is told: a dozen settlements were started by then.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How many days are looked at: tomorrow, today and the five before, in which nearly all corrections come. Each costs its rows' reading
/// every minute. An older race that hangs is told by the dead letter that stopped it, and by `koban verify`.
const DAYS: i32 = 7;

pub static FUNCTION: Function = Function {
    name: "sweep-races",
    summary: "Brings back races that hang",
    doc: "Every minute, sends each race of the last days that is resulted and unsettled for more than five minutes to settle-race again. \
          One that still is after an hour raises an alarm.",
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
            let waits = now.duration_since(changed_at);
            if state != RaceState::Resulted || waits <= HANGS_AFTER {
                continue;
            }
            if waits > TOLD_AFTER {
                let detail = format!("{race} has its result of version {result_version} since {changed_at} and is not settled");
                telemetry::raise(context, &RACE_HANGS, &detail);
            }
            messages.push(serde_json::to_string(&Wanted { data: RaceVersion { race, result_version } })?);
        }
        context.queue(&SETTLE_RACE).send(messages, Duration::ZERO).await?;
    }
    Ok(())
}
