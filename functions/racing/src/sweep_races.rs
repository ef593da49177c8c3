//! The sweep that restarts stuck races: RESULTED and not SETTLED for longer than settlement takes. It reads only the rows of a few days,
//! and raises an alarm of a race that stays stuck.

use crate::RACE_STUCK;
use crate::prelude::*;
use crate::records::DayRow;
use jiff::ToSpan;
use platform::message::EventData;
use platform::store::Range;
use platform::telemetry;
use racing_domain::RaceState;
use shared::calendar::day_of;

/// How long settlement may take before the sweep looks after it.
const STUCK_AFTER_MINUTES: i64 = 5;
/// How long a race may be stuck before the alarm is raised: many settlements were started by then.
const ALARM_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How many days are looked at: tomorrow, today and the five before, in which nearly all corrections come. Each costs its rows' reading
/// every minute. The dead letter that stopped an older race, and `koban verify`, name it.
const DAYS: i32 = 7;

pub static FUNCTION: Function = Function::every_minutes("sweep-races", 1)
    .says(
        "Restarts stuck races",
        "Sends a recent race to settle-race again when it has a result for more than five minutes and is not settled. It does so every \
         minute, after a quarter of an hour every five minutes, and after two hours four times an hour. After an hour a stuck race raises \
         an alarm.",
    )
    .may(&RACING, &[Query])
    .sends(&SETTLE_RACE)
    .raises(&RACE_STUCK)
    .handled_by(sweep!(sweep));

async fn sweep(context: &Context) -> Result<(), Failure> {
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
            if age > ALARM_AFTER {
                let detail = format!("{race} has its result of version {result_version} since {changed_at} and is not settled");
                telemetry::raise(context, &RACE_STUCK, &detail);
            }
            if is_restarted(age) {
                messages.push(EventData { data: SettleRace { race, result_version } });
            }
        }
        context.queue(&SETTLE_RACE).send_all(&messages, Duration::ZERO).await?;
    }
    Ok(())
}

/// Whether the sweep sends a race again that is unsettled for `age`. A race that is stuck after many attempts needs a person, so it is sent
/// less often. The window of 90 seconds allows for a schedule that is not exact.
fn is_restarted(age: SignedDuration) -> bool {
    let every = match age.as_mins() {
        STUCK_AFTER_MINUTES..15 => 1,
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
    fn a_race_is_restarted_every_minute_at_first_and_less_often_later() {
        let restarted = |minutes: std::ops::Range<i64>| -> Vec<i64> {
            minutes.filter(|minute| is_restarted(SignedDuration::from_secs(minute * 60 + 40))).collect()
        };
        assert_eq!(restarted(0..20), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(restarted(16..31), [20, 25, 30]);
        assert_eq!(restarted(120..160), [120, 135, 150]);
    }
}
