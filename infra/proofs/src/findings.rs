//! Where the proofs of all services note what they find: counts, faults, and both sides of every movement.

use super::ledger::{Ledger, Side};
use super::proof::{Count, Definition, Movement, Promise, SUM_ZERO, Stop, Sum};
use super::verdict::{Fault, Verdict};
use super::{Item, Tables, VerifyError};
use crate::proof::READ;
use jiff::Timestamp;
use shared::money::Asset;

/// The verdict in the making.
pub struct Findings {
    verdict: Verdict,
    ledger: Ledger,
    now: Timestamp,
    faults_max: usize,
    /// The service whose proof reads, by its place among the proofs.
    service: usize,
}

impl Findings {
    pub(super) fn new(proofs: &[&'static Definition], now: Timestamp, faults_max: usize) -> Result<Self, VerifyError> {
        Ok(Self { verdict: Verdict::of_nothing(proofs), ledger: Ledger::open()?, now, faults_max, service: 0 })
    }

    /// The moment of the proof, by the cloud's clock.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    pub fn add(&mut self, of: Count, number: u64) {
        self.verdict.add(of, number);
    }

    pub fn add_sum(&mut self, of: Sum, asset: Asset, minor: i64) {
        self.verdict.add_sum(of, asset, minor);
    }

    /// Notes something that is off. Its words must be the same in every reading: a deployment's tables are read until what is off stays
    /// so.
    pub fn fault(&mut self, promise: Promise, what: String) {
        self.verdict.breaks(promise);
        if self.verdict.faults.len() < self.faults_max {
            self.verdict.faults.push(Fault { promise, what });
        } else {
            self.verdict.faults_unnamed += 1;
        }
    }

    /// Notes the fault, if that is what ended the reading.
    ///
    /// # Errors
    /// What ends the whole proof.
    pub fn read(&mut self, promise: Promise, read: Result<(), Stop>) -> Result<(), VerifyError> {
        match read {
            Ok(()) => Ok(()),
            Err(Stop::Fault(what)) => {
                self.fault(promise, what);
                Ok(())
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// Notes what an object says moved: a line must say the same.
    ///
    /// # Errors
    /// When the proof's own temporary file cannot be written, here and below.
    pub fn object(&self, movement: Movement<'_>) -> Result<(), VerifyError> {
        self.ledger.add(Side::Object, self.service, movement)
    }

    /// Notes what a journal's line says moved: an object must say the same, and a witness where its account has one.
    ///
    /// # Errors
    /// As [`Findings::object`].
    pub fn line(&self, movement: Movement<'_>) -> Result<(), VerifyError> {
        self.ledger.add(Side::Line, self.service, movement)
    }

    /// Notes what a witness says moved.
    ///
    /// # Errors
    /// As [`Findings::object`].
    pub fn witness(&self, movement: Movement<'_>) -> Result<(), VerifyError> {
        self.ledger.add(Side::Witness, self.service, movement)
    }

    /// Notes that an operation is under way: a witness may know more of it than the lines. Whether it has been so for too long is for the
    /// service's proof to say.
    ///
    /// # Errors
    /// As [`Findings::object`].
    pub fn unfinished(&self, operation: &str, person: &str) -> Result<(), VerifyError> {
        self.ledger.add_unfinished(operation, person)
    }

    /// Whose operation it is, if it was noted as under way.
    ///
    /// # Errors
    /// As [`Findings::object`].
    pub fn person_of_unfinished(&self, operation: &str) -> Result<Option<String>, VerifyError> {
        self.ledger.person_of_unfinished(operation)
    }

    /// How many people the service's objects of `kind` are of.
    ///
    /// # Errors
    /// As [`Findings::object`].
    pub fn people(&self, kind: &str) -> Result<u64, VerifyError> {
        self.ledger.people(self.service, kind)
    }

    /// Has the proof that is `service` among all read its tables. Items that cannot be read are named.
    pub(super) fn read_service(&mut self, tables: &Tables, service: usize, of: &Definition) -> Result<(), VerifyError> {
        self.service = service;
        let mut proof = (of.begin)();
        for &table in of.tables {
            tables.each(table, |read| self.item(table, read, |findings, item| proof.take(table, item, findings)))?;
        }
        proof.end(self)
    }

    fn item(
        &mut self,
        table: &str,
        read: Result<Item, String>,
        take: impl FnOnce(&mut Self, &Item) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        match read {
            Ok(item) => {
                self.verdict.items += 1;
                take(self, &item)
            }
            Err(what) => {
                self.verdict.unreadable += 1;
                self.fault(READ, format!("{table}: {what}"));
                Ok(())
            }
        }
    }

    /// The verdict, once every proof has read.
    pub(super) fn end(mut self, proofs: &[&'static Definition]) -> Verdict {
        let witnesses: Vec<_> = proofs.iter().flat_map(|proof| proof.witnesses).collect();
        for difference in self.ledger.differences(&witnesses, self.faults_max) {
            self.fault(SUM_ZERO, difference);
        }
        self.verdict
    }
}
