//! What racing's proof counts and which promises it proves.

use proofs::proof::{Count, Promise, Shown, Sum};

pub const RACES: Count = Count::new("races", "races").named("race");
pub const SLIPS: Count = Count::new("slips", "slips").named("slip");
pub const COMBINATIONS: Count = Count::new("combinations", "combinations");
/// People who placed a slip.
pub const BETTORS: Count = Count::new("bettors", "bettors");
pub const PAYOUTS: Count = Count::new("payouts", "payouts").named("payout");
/// People to whom a race paid something, race by race.
pub const PAID_PEOPLE: Count = Count::new("paid_users", "paid people, race by race");
/// Slips whose race is not settled, or whose bettor was posted something else than is due.
pub const UNSETTLED: Count = Count::new("unsettled_slips", "unsettled slips");
/// Races whose certificate still waits for its repetition. Not a fault before its time has come.
pub const CERTIFICATES_WAITING: Count = Count::new("certificates_waiting", "certificates to be repeated yet");

/// What races came to, all together.
pub const STAKE: Sum = Sum("stake");
pub const PAYOUT: Sum = Sum("payout");
pub const REFUND: Sum = Sum("refund");

/// A settled race has posted what is due, and one with a result is settled soon.
pub const DUES: Promise = Promise { key: "dues_posted", says: "races posted what is due" };
/// Settled races are certified, truly and twice.
pub const CERTIFICATES: Promise = Promise { key: "certificates_true", says: "certificates are true" };

pub(super) const SHOWS: &[Shown] = &[
    Shown::Count(RACES),
    Shown::Count(SLIPS),
    Shown::Count(COMBINATIONS),
    Shown::Count(BETTORS),
    Shown::Sums(&[STAKE, PAYOUT, REFUND]),
    Shown::Count(PAYOUTS),
    Shown::Count(PAID_PEOPLE),
    Shown::Count(UNSETTLED),
    Shown::Count(CERTIFICATES_WAITING),
];
