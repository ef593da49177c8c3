//! Decide purely, then write once. One transaction puts the decision's object, if it is absent, and the lines that it causes. A refusal is
//! that object alone. So effect and idempotency record are one write and there is no "in progress".
//!
//! A canceled transaction is read in a fixed order. First comes the object's own condition: another attempt has decided already. Then come
//! transient reasons: the same write is tried again. Then come lost lines: another decision was written in between, so `decide` runs again.
//! These rounds are decisions, not retries; transport retries are in the SDK alone.
//!
//! After a conflict an attempt waits for a random time that grows. So a busy journal takes one line after another instead of many attempts
//! at once. Attempts go on until the invocation's time is nearly over.

use crate::context::Context;
use crate::message::REPORT_TIME;
use crate::problem::{self, Problem};
use crate::resource::Table;
use crate::store::{self, CancelReason, Record, StoreError, Write, WriteError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::journal::{Entity, Line, Tail};
use shared::planted::{self, Bug};
use std::time::Duration;

/// How many decisions a request may take before it gives way.
pub const ROUNDS_MAX: u32 = 40;
/// How many lost lines are followed by a decision at once, on the line that came back.
const AT_ONCE: u32 = 2;
/// The longest wait after the first obstacle that is waited for, in milliseconds; it doubles with each.
const WAIT_FIRST_MS: u64 = 20;
/// The longest wait after any, in milliseconds.
const WAIT_MAX_MS: u64 = 640;
/// What must be left of the invocation for another round: its calls, and the reply.
const ROUND_TIME_MIN: Duration = REPORT_TIME.saturating_add(Duration::from_millis(500));
/// How long a refusal is remembered.
pub const REFUSAL_KEPT_SECONDS: i64 = 30 * 24 * 3_600;

/// A journal that a decision reads and may append to.
#[derive(Debug, Clone)]
pub struct Journal {
    pub table: &'static Table,
    pub entity: String,
    /// The newest line, none before the first.
    pub newest: Option<Line>,
}

impl Journal {
    /// Reads the journal's newest line: one consistent query.
    pub async fn load(context: &Context, table: &'static Table, entity: String) -> Result<Self, StoreError> {
        let newest = context.table(table).tail(&entity).await?.map(|record| record.line()).transpose()?;
        Ok(Self { table, entity, newest })
    }

    pub fn tail<E: Entity>(&self) -> Result<Tail<E>, Problem> {
        match &self.newest {
            None => Ok(Tail::empty(self.entity.clone())),
            Some(line) => Tail::of(line).map_err(Problem::internal),
        }
    }
}

/// What was decided.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Put the object, with the lines it causes.
    Accept { object: Write, lines: Vec<Line> },
    /// Put the object as a refusal.
    Refuse { object: Write },
}

/// What is true now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// This request decided it.
    New(Record),
    /// An earlier request did; this is the object it left.
    Found(Record),
}

/// Runs `decide` on the journals' tails and writes what it decides, until it is written or found written.
///
/// # Errors
/// `contention` after [`ROUNDS_MAX`] rounds or when time runs out; `too_many_requests` when throttled; `internal` otherwise. None of them is
/// recorded.
pub async fn commit(
    context: &Context,
    journals: &mut [Journal],
    decide: &mut (dyn FnMut(&[Journal]) -> Result<Decision, Problem> + Send),
) -> Result<Committed, Problem> {
    let (mut losses, mut waits) = (0, 0);
    let mut decision = decide(journals)?;
    for _ in 0..ROUNDS_MAX {
        context.meter.count_round();
        let (object, lines) = match &decision {
            Decision::Accept { object, lines } => (object, lines.as_slice()),
            Decision::Refuse { object } => (object, &[] as &[Line]),
        };
        let reasons = match attempt(context, journals, object, lines).await? {
            Attempt::Written => return Ok(Committed::New(object.record.clone())),
            Attempt::Found(record) => return Ok(Committed::Found(*record)),
            Attempt::Canceled(reasons) => reasons,
        };
        if let Some(CancelReason::Other(reason)) = reasons.iter().find(|reason| matches!(reason, CancelReason::Other(_))) {
            return Err(Problem::internal(reason.clone()));
        }
        let is_transient = reasons.contains(&CancelReason::Transient);
        if is_transient && planted::is_on(Bug::ConflictTakenForWritten) {
            return Ok(Committed::New(object.record.clone()));
        }
        losses += u32::from(!is_transient);
        let waits_now = is_transient || losses > AT_ONCE;
        let wait = if waits_now { wait(waits) } else { Duration::ZERO };
        if context.remaining() < wait + ROUND_TIME_MIN {
            break;
        }
        if waits_now {
            waits += 1;
            tokio::time::sleep(wait).await;
        }
        if is_transient {
            continue;
        }
        let lines = lines.to_vec();
        catch_up(context, journals, &lines, &reasons[1..], waits_now).await?;
        decision = decide(journals)?;
    }
    Err(Problem::new(&problem::CONTENTION, ""))
}

/// A random time up to a limit that doubles with each wait: full jitter.
fn wait(waits: u32) -> Duration {
    store::jitter((WAIT_FIRST_MS << waits.min(16)).min(WAIT_MAX_MS))
}

enum Attempt {
    Written,
    Found(Box<Record>),
    Canceled(Vec<CancelReason>),
}

async fn attempt(context: &Context, journals: &[Journal], object: &Write, lines: &[Line]) -> Result<Attempt, Problem> {
    let mut writes = Vec::with_capacity(1 + lines.len());
    writes.push(object.clone());
    for line in lines {
        let journal = journals.iter().find(|journal| journal.entity == line.entity);
        let journal = journal.ok_or_else(|| Problem::internal(format!("a line of {} which was not read", line.entity)))?;
        writes.push(Write::if_absent(journal.table, Record::of_line(line)));
    }
    match store::write(context, writes).await {
        Ok(()) => Ok(Attempt::Written),
        Err(WriteError::Store(error)) => Err(error.into()),
        Err(WriteError::Canceled(reasons)) => match &reasons[..] {
            [CancelReason::Condition(Some(found)), ..] => Ok(Attempt::Found(found.clone())),
            [CancelReason::Condition(None), ..] => Err(Problem::internal("an object that is there and is not")),
            _ => Ok(Attempt::Canceled(reasons)),
        },
    }
}

/// Makes the journals whose line was lost current. The refusal returns the line that was there; if more lines followed since, a query reads
/// the newest.
async fn catch_up(
    context: &Context,
    journals: &mut [Journal],
    lines: &[Line],
    reasons: &[CancelReason],
    query: bool,
) -> Result<(), Problem> {
    for (line, reason) in lines.iter().zip(reasons) {
        let CancelReason::Condition(found) = reason else { continue };
        let Some(journal) = journals.iter_mut().find(|journal| journal.entity == line.entity) else { continue };
        match found {
            Some(_) if planted::is_on(Bug::LostLineNotFolded) => journal.newest.iter_mut().for_each(|newest| newest.seq += 1),
            Some(record) if !query => journal.newest = Some(record.line()?),
            _ => *journal = Journal::load(context, journal.table, journal.entity.clone()).await?,
        }
    }
    Ok(())
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { .. } => Self { cause: Some(Box::new(error)), ..Self::new(&problem::TOO_MANY_REQUESTS, "") },
            _ => Self::internal(error),
        }
    }
}

/// A refusal as it is stored in the place of its object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    code: String,
    detail: String,
    members: Map<String, Value>,
}

impl Refusal {
    pub fn of(problem: &Problem) -> Self {
        Self { code: problem.code.code.into(), detail: problem.detail.clone().into_owned(), members: problem.members.clone() }
    }

    fn into_problem(self, codes: &[&'static problem::Code]) -> Problem {
        match codes.iter().find(|code| code.code == self.code) {
            Some(code) => Problem { members: self.members, ..Problem::new(code, self.detail) },
            None => Problem::internal(format!("a stored refusal of an unknown code {}", self.code)),
        }
    }
}

impl Committed {
    /// The object that answers a request hashed as `request`, and whether it is an earlier request's.
    ///
    /// # Errors
    /// `idempotency_key_reused` when the object is of another request; the refusal itself when it is one.
    pub fn answer(self, request: &[u8], codes: &[&'static problem::Code]) -> Result<(Record, bool), Problem> {
        let (record, replayed) = match self {
            Self::New(record) => (record, false),
            Self::Found(record) => (record, true),
        };
        if record.hash.as_deref() != Some(request) && !planted::is_on(Bug::HashNotCompared) {
            return Err(Problem::new(&problem::IDEMPOTENCY_KEY_REUSED, ""));
        }
        if record.expires_at.is_some() {
            let mut refusal = record.read::<Refusal>()?.into_problem(codes);
            refusal.replayed = replayed;
            return Err(refusal);
        }
        Ok((record, replayed))
    }
}
