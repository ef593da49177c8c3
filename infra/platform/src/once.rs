//! A mutation that is carried out once. Its object is put if absent under the intent's own id, with the lines that it causes. A refusal is
//! put under that id instead. A repeat finds what was put and answers the same.

use crate::commit::{self, Decision, Journal, REFUSAL_KEPT_SECONDS, Refusal};
use crate::context::Context;
use crate::contract::Contract;
use crate::http::{IntoReply, Reply};
use crate::problem::Problem;
use crate::refusal::{Refusals, Refused};
use crate::resource::Table;
use crate::store::{Record, Write};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use shared::hash::Hash;
use shared::journal::Line;
use shared::planted::{self, Bug};

/// An object that is about to be put.
#[must_use]
pub struct Once<'a, const JOURNALS: usize> {
    context: &'a Context,
    table: &'static Table,
    object: Record,
    request: Hash,
    journals: [Journal; JOURNALS],
}

/// What an intent came to, and whether an earlier request had it done.
#[derive(Debug)]
pub struct Done<T> {
    pub value: T,
    pub replayed: bool,
}

impl Context {
    /// Puts `object` once. `request` is the hash of what was asked: another request under the same id is refused.
    pub fn once<'a>(&'a self, table: &'static Table, mut object: Record, request: &Hash) -> Once<'a, 0> {
        object.hash = Some(request.to_vec());
        Once { context: self, table, object, request: *request, journals: [] }
    }
}

impl<'a> Once<'a, 0> {
    /// With one line of this journal.
    pub fn appending(self, journal: Journal) -> Once<'a, 1> {
        self.appending_all([journal])
    }

    /// With lines of these journals.
    pub fn appending_all<const JOURNALS: usize>(self, journals: [Journal; JOURNALS]) -> Once<'a, JOURNALS> {
        let Self { context, table, object, request, journals: [] } = self;
        Once { context, table, object, request, journals }
    }

    /// Puts the object alone.
    ///
    /// # Errors
    /// `idempotency_key_reused` when the object is of another request.
    pub async fn put(self) -> Result<Done<Record>, Problem> {
        let mut accept = |object: &Write, _: &[Journal]| Ok(Decision::Accept { object: object.clone(), lines: Vec::new() });
        put(self.context, self.table, self.object, &self.request, &mut [], &[], &mut accept).await
    }
}

impl<const JOURNALS: usize> Once<'_, JOURNALS> {
    /// Puts the object with the lines that `decide` makes of the journals as they are, or the refusal that it decides. It decides again
    /// when another request appended to one of them in between.
    ///
    /// # Errors
    /// The refusal, also one that was stored before; `idempotency_key_reused`; `contention` when others append again and again.
    pub async fn decide<R: Refusals>(
        self,
        mut decide: impl FnMut(&[Journal; JOURNALS]) -> Result<Vec<Line>, Refused<R>> + Send,
    ) -> Result<Done<Record>, Refused<R>> {
        let Self { context, table, object, request, mut journals } = self;
        let now = context.now();
        let mut decision = |object: &Write, journals: &[Journal]| {
            let journals = journals.try_into().map_err(|_| Problem::internal("another number of journals"))?;
            match decide(journals).map_err(Refused::decided) {
                Ok(lines) => Ok(Decision::Accept { object: object.clone(), lines }),
                Err(Ok(refusal)) if planted::is_on(Bug::RefusalNotWritten) => Err(refusal),
                Err(Ok(refusal)) => Ok(Decision::Refuse { object: refused(object, &refusal, now) }),
                Err(Err(failure)) => Err(failure),
            }
        };
        Ok(put(context, table, object, &request, &mut journals, R::CODES, &mut decision).await?)
    }
}

/// What decides on the object and the journals as they are.
type Decide<'a> = dyn FnMut(&Write, &[Journal]) -> Result<Decision, Problem> + Send + 'a;

/// Not generic: compiled once for all handlers.
async fn put(
    context: &Context,
    table: &'static Table,
    object: Record,
    request: &Hash,
    journals: &mut [Journal],
    codes: &[&'static crate::problem::Code],
    decide: &mut Decide<'_>,
) -> Result<Done<Record>, Problem> {
    let object = Write::if_absent(table, object);
    let committed = commit::commit(context, journals, &mut |journals| decide(&object, journals)).await?;
    let (value, replayed) = committed.answer(request, codes)?;
    Ok(Done { value, replayed })
}

/// The refusal in the object's place: forgotten after 30 days.
fn refused(object: &Write, refusal: &Problem, now: Timestamp) -> Write {
    let mut record = Record::of(object.record.key.clone(), &Refusal::of(refusal));
    record.hash.clone_from(&object.record.hash);
    record.expires_at = Some(now.as_second() + REFUSAL_KEPT_SECONDS);
    Write::if_absent(object.table, record)
}

impl Done<Record> {
    /// What the object says.
    pub fn read<T: DeserializeOwned>(self) -> Result<Done<T>, Problem> {
        Ok(Done { value: self.value.read()?, replayed: self.replayed })
    }
}

impl<T> Done<T> {
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Done<U> {
        Done { value: make(self.value), replayed: self.replayed }
    }
}

/// The reply, marked when it repeats an earlier one.
impl<T: IntoReply> IntoReply for Done<T> {
    fn describe(contract: &mut Contract) {
        T::describe(contract);
    }

    fn into_reply(self) -> Result<Reply, Problem> {
        Ok(self.value.into_reply()?.replayed(self.replayed))
    }
}
