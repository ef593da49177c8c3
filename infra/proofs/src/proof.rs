//! What a service brings for `koban verify`: which tables its proof reads, what it counts, which promises it proves, and the proof.
//! The driver reads the tables and knows nothing of what is in them; the services' proofs meet in its ledger.

use super::{Findings, Item, VerifyError};
use shared::money::Asset;

/// A service's part of the proof. The registry lists one for each service that stores something.
pub struct Definition {
    /// The service.
    pub service: &'static str,
    /// The tables that it reads, in the order in which it reads them.
    pub tables: &'static [&'static str],
    /// What it counts, in the order of the report.
    pub shows: &'static [Shown],
    /// The promises that it proves beside the driver's own.
    pub promises: &'static [Promise],
    /// The accounts that have a record outside of Koban's journals.
    pub witnesses: &'static [Witness],
    /// Begins a reading of the tables.
    pub begin: fn() -> Box<dyn Proof>,
}

/// A reading of a service's tables.
pub trait Proof {
    /// Takes the next item of `table`: first all of the first table, in the order of the keys, then all of the next.
    ///
    /// # Errors
    /// What ends the whole proof. Something that is off is noted in `findings`, and the reading goes on.
    fn take(&mut self, table: &'static str, item: &Item, findings: &mut Findings) -> Result<(), VerifyError>;

    /// Ends the reading. The tables of other services may be unread still.
    ///
    /// # Errors
    /// As [`Proof::take`].
    fn end(&mut self, findings: &mut Findings) -> Result<(), VerifyError>;
}

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Its field in the JSON object.
    pub key: &'static str,
    /// Its row in the table for people.
    pub label: &'static str,
    /// What one of them is called, where the verdict's last line counts them.
    pub noun: Option<&'static str>,
}

impl Count {
    pub const fn new(key: &'static str, label: &'static str) -> Self {
        Self { key, label, noun: None }
    }

    /// The same, in the verdict's last line too.
    #[must_use]
    pub const fn named(self, noun: &'static str) -> Self {
        Self { noun: Some(noun), ..self }
    }
}

/// Something that is summed up, asset by asset, in minor units. Its name is its field in the JSON object and its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum(pub &'static str);

/// What a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    Count(Count),
    /// One asset after another, each with all of these.
    Sums(&'static [Sum]),
}

/// What must hold of everything that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Promise {
    /// Its field in the JSON object.
    pub key: &'static str,
    /// Its row in the table for people.
    pub says: &'static str,
}

/// Everything can be read.
pub const READ: Promise = Promise { key: "everything_read", says: "everything can be read" };
/// Independent records agree.
pub const SUM_ZERO: Promise = Promise { key: "sum_zero", says: "independent records sum to zero" };
/// Journals fold.
pub const CHAINS: Promise = Promise { key: "journals_fold", says: "journals fold" };

/// Of all services.
pub const JOURNALS: Count = Count::new("journals", "journals").named("journal");
pub const LINES: Count = Count::new("lines", "their lines").named("line");

/// Somebody else's record of an account: each of its movements must have an entry there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    pub account: &'static str,
    /// `the bank says`
    pub says: &'static str,
}

/// A movement between what somebody holds and an account.
#[derive(Debug, Clone, Copy)]
pub struct Movement<'a> {
    /// The object it belongs to.
    pub operation: &'a str,
    /// Who holds it; empty where a witness, which does not know, says it.
    pub person: &'a str,
    /// `stake`, `settlement`: the kind of the journal's line.
    pub kind: &'a str,
    pub asset: Asset,
    /// The account on the other side.
    pub account: &'a str,
    /// To the person, in minor units; negative away from them.
    pub minor: i64,
}

/// What ends the reading of an item.
pub enum Stop {
    /// Something is off with it; the next one is read all the same.
    Fault(String),
    /// Nothing can be read any more.
    Failed(VerifyError),
}

impl From<String> for Stop {
    fn from(fault: String) -> Self {
        Self::Fault(fault)
    }
}

impl From<VerifyError> for Stop {
    fn from(error: VerifyError) -> Self {
        Self::Failed(error)
    }
}
