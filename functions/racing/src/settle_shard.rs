//! The worker that pays. For each person of a shard it posts the difference between what the result makes due and what was posted. One
//! transaction writes the payout line and the wallet line. Losers are never written. Run it twice, late, or beside an older one: nobody is
//! paid twice.

use crate::prelude::*;
use crate::records::{ShardDone, StoredRace, StoredResult};
use crate::shard::{Person, Shard};
use crate::{SLIP_AFTER_CLOSE, SLIP_AFTER_SETTLEMENT, certify_race};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use platform::commit::{Committed, Decision, Journal, commit};
use platform::telemetry;
use racing_domain::payout::{self, PayoutTail, Payouts, Posted};
use racing_domain::{Race, RaceState};
use shared::hash;
use shared::journal::EntryOf;
use shared::planted::{self, Bug};
use wallet_domain::Wallet;

/// How many people are paid at once.
const CONCURRENT_MAX: usize = 16;
/// How often a worker reads its shard again because it has met another one.
const PASSES_MAX: u32 = 30;
/// What must be left of the invocation to begin with another person or another pass.
const TIME_MIN: Duration = Duration::from_secs(3);

pub static FUNCTION: Function = Function::worker("settle-shard", &SETTLE_SHARD)
    .says(
        "Pays the people of a race's shard",
        "Posts due minus posted for each person, by the race's newest result. When its time runs out, it returns the message at once. The \
         next delivery continues where it stopped.",
    )
    .one_at_a_time()
    .concurrency(20)
    .retry_per_failure()
    .may(&RACING, &[GetItem, Query, PutItem])
    .with(wallet_posting::POSTING)
    .sends(&CERTIFY_RACE)
    .raises(&SLIP_AFTER_CLOSE)
    .raises(&SLIP_AFTER_SETTLEMENT)
    .timeout_s(60)
    .memory_mb(512)
    .handled_by(job!(settle_in_time));

async fn settle_in_time(context: &Context, wanted: SettleShard, delivery: Delivery) -> Result<(), Failure> {
    // A passing failure comes again soon, and later the more often it failed.
    let backoff = Duration::from_secs(1 << delivery.receives.min(6));
    settle(context, wanted).await.map_err(|failure| match failure.retry_after {
        Some(_) => failure,
        None => failure.retry_after(backoff),
    })
}

async fn settle(context: &Context, wanted: SettleShard) -> Result<(), Failure> {
    for pass in 0..PASSES_MAX {
        if pass > 0 && context.remaining() < TIME_MIN {
            return Err(out_of_time());
        }
        let Some(race) = current(context, wanted).await? else { return Ok(()) };
        let result = records::result(context, race.id, wanted.result_version).await?;
        let Some(mut shard) = counted(context, &race, wanted.shard).await? else { return Ok(()) };
        mark_uncounted(context, &race, wanted.shard, &mut shard).await?;
        if pay_all(context, &race, &result, wanted.shard, &shard, pass).await? == Pass::Met {
            continue;
        }
        let complete = finish(context, &race, &result, wanted.shard, &shard).await?;
        return if complete && !wanted.repair { certify_race::request(context, &race).await } else { Ok(()) };
    }
    Err(Failure::new("other workers pay this shard; the next invocation looks again"))
}

/// The race, when its newest result is still the one that is to be settled.
async fn current(context: &Context, wanted: SettleShard) -> Result<Option<Race>, Problem> {
    let found = records::race(context, wanted.race).await?;
    let StoredRace { race, .. } = found.ok_or_else(|| Problem::internal(format!("there is no race {}", wanted.race)))?;
    let is_wanted = race.result_version == wanted.result_version || planted::is_on(Bug::OlderWorkerNotFenced);
    let newest = is_wanted && race.state != RaceState::Open;
    Ok((newest && wanted.shard < race.shards).then_some(race))
}

/// The shard with its sketch, which is stored before anybody is paid. Only counted slips are paid. A slip that comes later, even between
/// two payments, is uncounted for every worker. `None` when there is a newer result.
async fn counted(context: &Context, race: &Race, number: u16) -> Result<Option<Shard>, Failure> {
    let read = async || Shard::read(context, race.id, race.result_version, number).await;
    let Some(mut shard) = read().await? else { return Ok(None) };
    if shard.sketch.is_none() {
        let sketch = shard.count();
        if !put_once(context, Record::of(keys::sketch(race.id, number), &sketch)).await? {
            // Another worker's count is the one that holds, and it may have slips that came after this reading.
            return Ok(read().await?);
        }
        shard.sketch = Some(sketch);
    }
    Ok(Some(shard))
}

/// Marks the slips that came after the shard was counted, so that they are refunded from now on, and raises the alarm.
async fn mark_uncounted(context: &Context, race: &Race, number: u16, shard: &mut Shard) -> Result<(), Failure> {
    for (user, tail) in shard.uncounted()? {
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

/// Puts a record whose content does not depend on the worker. False when another worker has put it.
async fn put_once(context: &Context, record: Record) -> Result<bool, Failure> {
    match write(context, vec![Write::if_absent(&RACING, record)]).await {
        Ok(()) => Ok(true),
        Err(WriteError::Canceled(_)) => Ok(false),
        Err(WriteError::Store(error)) => Err(error.into()),
    }
}

/// Something is due to somebody.
struct Payment {
    user: UserId,
    tail: PayoutTail,
    posted: Posted,
}

/// How a pass over the people of a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Everybody is paid.
    Paid,
    /// Another worker had posted to somebody since the shard was read. What is left is read again, because each payment that is found posted
    /// costs as much as one that is made.
    Met,
}

/// Pays everybody who can be paid, until another worker is met. Where none is, the first failure is returned, if there was one. One person's
/// failure never stops another's payment.
async fn pay_all(
    context: &Context,
    race: &Race,
    result: &StoredResult,
    number: u16,
    shard: &Shard,
    pass: u32,
) -> Result<Pass, Failure> {
    let (mut payments, mut failure) = (Vec::new(), None);
    for (user, person) in &shard.people {
        match payment(race, result, user, person) {
            Ok(payment) => payments.extend(payment),
            Err(unclear) => failure = failure.or(Some(unclear)),
        }
    }
    start_apart(context, race, pass, &mut payments);
    let mut ended = Pass::Paid;
    let mut payments = payments.into_iter();
    let mut paying = FuturesUnordered::new();
    loop {
        while ended == Pass::Paid && paying.len() < CONCURRENT_MAX && let Some(payment) = payments.next() {
            paying.push(pay_in_time(context, race, number, payment));
        }
        match paying.next().await {
            None => break,
            Some(Ok(Pass::Paid)) => {}
            Some(Ok(Pass::Met)) => ended = Pass::Met,
            Some(Err(unpaid)) => failure = failure.or(Some(unpaid)),
        }
    }
    // The next pass pays the people who are left, and those whose payment failed.
    if ended == Pass::Met { Ok(ended) } else { failure.map_or(Ok(ended), Err) }
}

/// Rotates the payments to a start of this worker's own. A person is in the shard of the same number in every race of as many shards. In
/// one order, workers of races that are settled together would meet at every wallet, and so would two workers of one shard. Where they
/// meet, one transaction is canceled and paid for all the same.
fn start_apart(context: &Context, race: &Race, pass: u32, payments: &mut [Payment]) {
    let worker = hash::of_parts(&[race.id.key().as_bytes(), context.request_id.as_bytes(), &pass.to_be_bytes()]);
    payments.rotate_left(hash::place(&worker, payments.len()));
}

/// What is still to be posted to a person, if anything.
fn payment(race: &Race, result: &StoredResult, user: &str, person: &Person) -> Result<Option<Payment>, Failure> {
    let (basis, due) = person.due(race, result)?;
    if person.newest.is_none() && due.is_zero() {
        return Ok(None);
    }
    let user: UserId = user.parse()?;
    let tail = person.tail(race.id, &user)?;
    Ok(payout::outstanding(&tail, basis, &due).map(|posted| Payment { user, tail, posted }))
}

fn out_of_time() -> Failure {
    Failure::new("out of time; the next invocation goes on").retry_after(Duration::ZERO)
}

async fn pay_in_time(context: &Context, race: &Race, number: u16, payment: Payment) -> Result<Pass, Failure> {
    if context.remaining() < TIME_MIN {
        return Err(out_of_time());
    }
    pay(context, race, number, &payment).await
}

/// Posts one payment: the next line of the pair's journal and the wallet's line, together or not at all. The line may be there already:
/// another worker posted it, with its own wallet line.
async fn pay(context: &Context, race: &Race, number: u16, payment: &Payment) -> Result<Pass, Failure> {
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
    match commit(context, &mut journals, &mut decide).await? {
        Committed::New(_) => Ok(Pass::Paid),
        Committed::Found(record) => posted_by_another(&record, posted),
    }
}

/// Another worker posted the line first: the very same, or this one has read what is not true any more.
fn posted_by_another(record: &Record, posted: &Posted) -> Result<Pass, Failure> {
    let entry: EntryOf<Payouts> = record.read()?;
    if entry.what == *posted {
        Ok(Pass::Met)
    } else {
        Err(Failure::new("another worker posted something else; everything is read again"))
    }
}

/// Writes down that the shard is done. Whether all are.
async fn finish(
    context: &Context,
    race: &Race,
    result: &StoredResult,
    number: u16,
    shard: &Shard,
) -> Result<bool, Failure> {
    let version = race.result_version;
    let mut totals = racing_domain::Totals::default();
    for person in shard.people.values() {
        person.slips.iter().try_for_each(|(_, slip)| totals.add_stake(slip.stake()))?;
        totals.add_paid(&person.due(race, result)?.1)?;
    }
    let done = ShardDone { race: race.id, version, shard: number, totals, at: context.now() };
    put_once(context, Record::of(keys::done(race.id, version, number), &done)).await?;
    Ok(records::undone(context, race).await?.is_empty())
}
