//! The proof that closes a race: a second pass that only reads, recomputes what everybody is due and compares it with the payout
//! journals. Only when every person's sum agrees does the race become SETTLED, in one transaction with its certificate. A quarter of an
//! hour later it is proved once more. Off by one yen: an alarm, and no SETTLED.

use crate::RACE_DOES_NOT_ADD_UP;
use crate::prelude::*;
use crate::records::{StoredRace, StoredResult};
use crate::shard::Shard;
use platform::store::{CancelReason, Range};
use platform::telemetry;
use racing_domain::{Certificate, Race, RaceState, Totals};
use shared::planted::{self, Bug};

/// When the proof is repeated.
const REPEATED_AFTER: Duration = Duration::from_mins(15);
/// How often a write is tried that others stand in the way of for a moment.
const ROUNDS_MAX: u32 = 8;

pub static FUNCTION: Function = Function::worker("certify-race", &CERTIFY_RACE)
    .says(
        "Proves that a race is settled, and closes it",
        "Reads every slip and payout again. A shard that does not add up raises an alarm and is sent to settle-shard. The proof is tried \
         again later, 8 times in two hours. Then the message goes to the dead-letter queue.",
    )
    .one_at_a_time()
    .concurrency(5)
    .retry_per_failure()
    .may(&RACING, &[GetItem, Query, PutItem])
    .sends(&CERTIFY_RACE)
    .sends(&SETTLE_SHARD)
    .raises(&RACE_DOES_NOT_ADD_UP)
    .timeout_s(120)
    .memory_mb(512)
    .handled_by(job!(certify));

/// Sends a race to be proved, for the first time of its newest result.
pub async fn request(context: &Context, race: &Race) -> Result<(), Failure> {
    let wanted = CertifyRace { race: race.id, result_version: race.result_version, pass: 1 };
    Ok(context.queue(&CERTIFY_RACE).send(&wanted, Duration::ZERO).await?)
}

async fn certify(context: &Context, wanted: CertifyRace, delivery: Delivery) -> Result<(), Failure> {
    let found = records::race(context, wanted.race).await?;
    let StoredRace { race, revision, .. } = found.ok_or_else(|| Failure::new(format!("there is no race {}", wanted.race)))?;
    if race.result_version != wanted.result_version || race.state == RaceState::Open {
        return Ok(());
    }
    let result = records::result(context, race.id, race.result_version).await?;
    let mut totals = Totals::default();
    let mut faulty = Vec::new();
    for shard in (0..race.shards).chain(planted::is_on(Bug::ShardCountedTwice).then_some(0)) {
        let Some(contents) = Shard::read(context, race.id, race.result_version, shard).await? else { return Ok(()) };
        match prove(&race, &result, &contents)? {
            Ok(proved) => totals = totals.plus(&proved)?,
            Err(fault) => faulty.push((shard, fault)),
        }
    }
    if !faulty.is_empty() {
        settle_again(context, &race, &faulty).await?;
        // The message itself comes again: one proof at a time, ever later, until it is given up on and somebody has to look.
        let backoff = Duration::from_mins(1 << (delivery.receives.max(1) - 1).min(6));
        return Err(Failure::new(format!("{}: {} shards do not add up", race.id, faulty.len())).retry_after(backoff));
    }
    if !records::undone(context, &race).await?.is_empty() {
        return Err(Failure::new(format!("{}: not every shard is done", race.id)));
    }
    match race.settled(race.result_version) {
        Some(settled) => close(context, &settled, revision, totals).await,
        None => prove_again(context, &race, wanted.pass, totals).await,
    }
}

/// The shard's totals, or the first thing in it that does not add up.
fn prove(race: &Race, result: &StoredResult, contents: &Shard) -> Result<Result<Totals, String>, Failure> {
    match contents.uncounted() {
        Ok(uncounted) if uncounted.is_empty() => {}
        Ok(uncounted) => return Ok(Err(format!("{} slips came after it was done", uncounted.len()))),
        Err(error) => return Ok(Err(error.to_string())),
    }
    for (user, person) in &contents.people {
        let due = person.due(race, result)?.1;
        let posted = person.posted()?;
        if due != posted {
            return Ok(Err(format!("{user} is due {due:?} and was posted {posted:?}")));
        }
    }
    Ok(Ok(contents.totals()?))
}

async fn settle_again(context: &Context, race: &Race, faulty: &[(u16, String)]) -> Result<(), Failure> {
    let mut messages = Vec::with_capacity(faulty.len());
    for (shard, fault) in faulty {
        telemetry::raise(context, &RACE_DOES_NOT_ADD_UP, &format!("{} shard {shard}: {fault}", race.id));
        let wanted = SettleShard { race: race.id, result_version: race.result_version, shard: *shard, repair: true };
        messages.push(wanted);
    }
    Ok(context.queue(&SETTLE_SHARD).send_all(&messages, Duration::ZERO).await?)
}

/// RESULTED becomes SETTLED, with the first certificate.
async fn close(context: &Context, settled: &Race, revision: u64, totals: Totals) -> Result<(), Failure> {
    let certificate = certificate(context, settled, 1, totals)?;
    let asks_first = !planted::is_on(Bug::RepetitionAfterCertificate);
    if asks_first {
        send_for_repetition(context, &certificate).await?;
    }
    let mut writes = vec![Write::if_absent(&RACING, record(&certificate))];
    writes.extend(records::change(settled, revision, certificate.made_at));
    if planted::is_on(Bug::SettledBeforeCertified) {
        write_once(context, &writes.split_off(1)).await?;
    }
    write_once(context, &writes).await?;
    if asks_first { Ok(()) } else { send_for_repetition(context, &certificate).await }
}

/// The proof of a race that is settled already. It is the repetition that the first certificate asked for. When a late slip was refunded
/// since, it is a new certificate with a repetition of its own.
async fn prove_again(context: &Context, race: &Race, pass: u32, totals: Totals) -> Result<(), Failure> {
    let (pk, prefix) = (keys::race_partition(race.id), keys::certificate_prefix(race.result_version));
    let made = context.table(&RACING).all(&Range { prefix: &prefix, ..Range::all(&pk) }).await?;
    let newest = made.last().map(Record::read::<Certificate>).transpose()?;
    let newest = newest.ok_or_else(|| Failure::new(format!("{} is settled without a certificate", race.id)))?;
    let changed = newest.totals != totals;
    if !changed && pass <= newest.pass {
        return Ok(());
    }
    let certificate = certificate(context, race, newest.pass + 1, totals)?;
    if changed {
        send_for_repetition(context, &certificate).await?;
    }
    write_once(context, &[Write::if_absent(&RACING, record(&certificate))]).await
}

/// Sent before the certificate is written: a certificate without its repetition would never be missed.
async fn send_for_repetition(context: &Context, certificate: &Certificate) -> Result<(), Failure> {
    let Certificate { race, version, pass, .. } = certificate;
    let again = CertifyRace { race: *race, result_version: *version, pass: pass + 1 };
    Ok(context.queue(&CERTIFY_RACE).send(&again, REPEATED_AFTER).await?)
}

fn certificate(context: &Context, race: &Race, pass: u32, totals: Totals) -> Result<Certificate, Failure> {
    Ok(Certificate::new(race.id, race.result_version, pass, race.shards, totals, context.now())?)
}

/// Writes what another worker may have written meanwhile. What only passes is no such worker: the identical write again.
async fn write_once(context: &Context, writes: &[Write]) -> Result<(), Failure> {
    for round in 0..ROUNDS_MAX {
        match write(context, writes.to_vec()).await {
            Err(WriteError::Canceled(reasons)) if reasons.contains(&CancelReason::Transient) => {
                tokio::time::sleep(Duration::from_millis(20 << round)).await;
            }
            Ok(()) | Err(WriteError::Canceled(_)) => return Ok(()),
            Err(WriteError::Store(error)) => return Err(error.into()),
        }
    }
    Err(Failure::new("conflicts that do not pass"))
}

fn record(certificate: &Certificate) -> Record {
    Record::of(keys::certificate(certificate.race, certificate.version, certificate.pass), certificate)
}
