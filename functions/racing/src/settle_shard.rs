//! The worker that pays. For each person of a shard it posts what is due by the result and not yet posted, in one transaction of a
//! payout line and a wallet line. Losers are never written. Run it twice, late, or beside an older one: nobody is paid twice.

use crate::certify_race::CertificateWanted;
use crate::records::{self, Done, StoredRace, StoredResult};
use crate::shard::Shard;
use crate::{CERTIFY_RACE, RACING, SETTLE_SHARD, SLIP_AFTER_CLOSE, SLIP_AFTER_SETTLEMENT, keys};
use futures_util::{StreamExt, TryStreamExt};
use platform::commit::{Decision, Journal, commit};
use platform::function::{Action, Function, Grant, Handler, Retry, Sends, Trigger};
use platform::message::{Failure, Message};
use platform::store::{Range, Record, Write, WriteError, write};
use platform::{Context, Problem, telemetry};
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::racing::payout::{self, PayoutTail, Posted};
use shared::racing::{Race, RaceId, RaceState};
use shared::wallet::Wallet;
use std::time::Duration;

/// How many people are paid at once.
const CONCURRENT_MAX: usize = 16;
/// What must be left of the invocation to begin with another person.
const TIME_MIN: Duration = Duration::from_secs(3);

pub static FUNCTION: Function = Function {
    name: "settle-shard",
    summary: "Pays what a shard of a race is due",
    doc: "Posts due minus posted for each person, by the race's newest result. Out of time it gives the message back at once and goes on \
          where it stopped.",
    trigger: Trigger::Queue { queue: &SETTLE_SHARD, batch: 1, concurrency: 20, retry: Retry::as_failure_says() },
    grants: &[
        Grant { table: &RACING, actions: &[Action::GetItem, Action::Query, Action::PutItem] },
        wallet_posting::POSTING,
    ],
    sends: &[Sends::to(&CERTIFY_RACE)],
    publishes: &[],
    secrets: &[],
    timeout: Duration::from_mins(1),
    memory_mb: 512,
    handler: Handler::Message(|context, message| Box::pin(handle(context, message))),
};

/// A message: a shard of a race, for a version of its result. Never an amount: the worker reads the truth.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ShardWanted {
    pub race: RaceId,
    pub result_version: u32,
    pub shard: u16,
}

async fn handle(context: &Context, message: Message) -> Result<(), Failure> {
    let wanted = message.json::<ShardWanted>()?;
    // A passing failure comes again soon, and later the more often it failed.
    let backoff = Duration::from_secs(1 << message.receives.min(6));
    settle(context, wanted).await.map_err(|failure| match failure.retry_after {
        Some(_) => failure,
        None => failure.retry_after(backoff),
    })
}

async fn settle(context: &Context, wanted: ShardWanted) -> Result<(), Failure> {
    let Some(race) = current(context, wanted).await? else { return Ok(()) };
    let result = records::result(context, race.id, race.result_version).await?;
    let read = Shard::read(context, race.id, race.result_version, wanted.shard).await?;
    let Some(mut shard) = read else { return Ok(()) };
    mark_strangers(context, &race, wanted.shard, &mut shard).await?;
    pay_all(context, &race, &result, wanted.shard, &shard).await?;
    finish(context, &race, &result, wanted.shard, &shard).await
}

/// The race, when its newest result is still the one that is to be settled.
async fn current(context: &Context, wanted: ShardWanted) -> Result<Option<Race>, Problem> {
    let found = records::race(context, wanted.race).await?;
    let StoredRace { race, .. } = found.ok_or_else(|| Problem::internal(format!("there is no race {}", wanted.race)))?;
    let newest = race.result_version == wanted.result_version && race.state != RaceState::Open;
    Ok((newest && wanted.shard < race.shards).then_some(race))
}

/// Marks the slips that came after the shard was first done, so that they are refunded from now on, and raises the alarm.
async fn mark_strangers(context: &Context, race: &Race, number: u16, shard: &mut Shard) -> Result<(), Failure> {
    for (user, tail) in shard.strangers()? {
        let mark = Record::of(keys::late(race.id, number, &user, &tail), &context.now());
        if put_once(context, mark).await? {
            telemetry::raise(context, &SLIP_AFTER_SETTLEMENT, &format!("{} {user} {tail}", race.id));
        }
        shard.people.entry(user).or_default().late.insert(tail);
    }
    let too_late: usize = shard.people.values().map(|person| person.too_late(race.effective_close())).sum();
    if too_late > 0 {
        telemetry::raise(context, &SLIP_AFTER_CLOSE, &format!("{} shard {number}: {too_late}", race.id));
    }
    Ok(())
}

/// Puts a record that is the same whoever puts it. False when somebody else has.
async fn put_once(context: &Context, record: Record) -> Result<bool, Failure> {
    match write(context, vec![Write::if_absent(&RACING, record)]).await {
        Ok(()) => Ok(true),
        Err(WriteError::Cancelled(_)) => Ok(false),
        Err(WriteError::Store(error)) => Err(error.into()),
    }
}

/// Something is due to somebody.
struct Payment {
    user: UserId,
    tail: PayoutTail,
    posted: Posted,
}

async fn pay_all(
    context: &Context,
    race: &Race,
    result: &StoredResult,
    number: u16,
    shard: &Shard,
) -> Result<(), Failure> {
    let mut payments = Vec::new();
    for (user, person) in &shard.people {
        let (basis, due) = person.due(race, result)?;
        if person.newest.is_none() && due.is_zero() {
            continue;
        }
        let user: UserId = user.parse()?;
        let tail = person.tail(race.id, &user)?;
        payments.extend(payout::outstanding(&tail, basis, &due).map(|posted| Payment { user, tail, posted }));
    }
    let paid = futures_util::stream::iter(payments).map(|payment| pay_in_time(context, race, number, payment));
    paid.buffer_unordered(CONCURRENT_MAX).try_collect::<()>().await
}

async fn pay_in_time(context: &Context, race: &Race, number: u16, payment: Payment) -> Result<(), Failure> {
    if context.remaining() < TIME_MIN {
        return Err(Failure::new("out of time; the next invocation goes on").retry_after(Duration::ZERO));
    }
    pay(context, race, number, &payment).await
}

/// Posts one payment: the next line of the pair's journal and the wallet's line, together or not at all.
async fn pay(context: &Context, race: &Race, number: u16, payment: &Payment) -> Result<(), Failure> {
    let Payment { user, tail, posted } = payment;
    let now = context.now();
    let line = tail.append(now, FUNCTION.name, posted.clone())?;
    let change = payout::wallet_change(race.id, &line, posted);
    let mut record = Record::new(keys::payout(race.id, number, user, line.seq), line.body.clone());
    record.hash = Some(line.hash.to_vec());
    let object = Write::if_absent(&RACING, record);
    let mut journals = [wallet_posting::journal(context, user).await?];
    let mut decide = |journals: &[Journal]| {
        let tail = journals[0].tail::<Wallet>()?;
        let line = tail.append(now, FUNCTION.name, change.clone()).map_err(Problem::internal)?;
        Ok(Decision::Accept { object: object.clone(), lines: vec![line] })
    };
    // Found instead of new: another worker posted this very line, with its own wallet line.
    commit(context, &mut journals, &mut decide).await?;
    Ok(())
}

/// Writes down that the shard is done, and sends the race to be certified when all are.
async fn finish(context: &Context, race: &Race, result: &StoredResult, number: u16, shard: &Shard) -> Result<(), Failure> {
    let version = race.result_version;
    if shard.census.is_none() {
        put_once(context, Record::of(keys::census(race.id, number), &shard.count())).await?;
    }
    let mut totals = shared::racing::Totals::default();
    for person in shard.people.values() {
        person.slips.iter().try_for_each(|(_, slip)| totals.add_stake(slip.stake()))?;
        totals.add_paid(&person.due(race, result)?.1)?;
    }
    let done = Done { race: race.id, version, shard: number, totals, at: context.now() };
    put_once(context, Record::of(keys::done(race.id, version, number), &done)).await?;

    let (pk, prefix) = (keys::race_partition(race.id), keys::done_prefix(version));
    let done = context.table(&RACING).all(&Range { prefix: &prefix, ..Range::all(&pk) }).await?;
    if done.len() == usize::from(race.shards) {
        let wanted = CertificateWanted { race: race.id, result_version: version, pass: 1 };
        context.queue(&CERTIFY_RACE).send(vec![serde_json::to_string(&wanted)?], Duration::ZERO).await?;
    }
    Ok(())
}
