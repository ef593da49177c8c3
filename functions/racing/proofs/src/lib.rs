//! Racing's proof. A wallet's line must match every slip's stake and every payout. Payout journals are replayed. What is due is computed
//! again from slips and results, and so is every certificate. One person's part of a race is in memory.

mod race;
mod report;
mod shard;

pub use report::{
    BETTORS, CERTIFICATES, CERTIFICATES_WAITING, COMBINATIONS, DUES, PAID_PEOPLE, PAYOUT, PAYOUTS, RACES, REFUND, SLIPS, STAKE,
    UNSETTLED,
};

use proofs::{Definition, Findings, Item, Proof, VerifyError};

/// The wallets' lines, which must say the same, are the wallet's proof to read.
pub static PROOF: Definition = Definition {
    service: "racing",
    tables: &["racing"],
    shows: report::SHOWS,
    promises: &[DUES, CERTIFICATES],
    witnesses: &[],
    begin: || Box::new(Reading::default()),
};

#[derive(Default)]
struct Reading {
    races: race::Reading,
}

impl Proof for Reading {
    fn take(&mut self, _: &'static str, item: &Item, findings: &mut Findings) -> Result<(), VerifyError> {
        self.races.item(findings, item)
    }

    fn end(&mut self, findings: &mut Findings) -> Result<(), VerifyError> {
        self.races.end(findings);
        findings.add(BETTORS, findings.people(shard::STAKED)?);
        Ok(())
    }
}
