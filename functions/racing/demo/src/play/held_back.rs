//! Slips of people who are just being paid.

use super::placing::Job;
use crate::plan::PlannedSlip;
use jiff::Timestamp;
use std::collections::VecDeque;

pub(super) struct HeldBack {
    /// Who bets on each race of the day, once for each slip.
    bettors: Vec<Vec<usize>>,
    /// In how many settlements each bettor is, once for each slip.
    settling: Vec<u32>,
    slips: VecDeque<Job>,
}

impl HeldBack {
    /// For a day's slips on `races` races by `people`.
    pub fn new(slips: &[PlannedSlip], races: usize, people: usize) -> Self {
        let mut bettors = vec![Vec::new(); races];
        for slip in slips {
            bettors[slip.race].push(slip.bettor);
        }
        Self { bettors, settling: vec![0; people], slips: VecDeque::new() }
    }

    /// The bettors of a race, once for each slip.
    pub fn bettors_of(&self, race: usize) -> &[usize] {
        &self.bettors[race]
    }

    pub fn resulted(&mut self, race: usize) {
        for bettor in &self.bettors[race] {
            self.settling[*bettor] += 1;
        }
    }

    pub fn settled(&mut self, race: usize) {
        for bettor in &self.bettors[race] {
            // Zero already when a wait was given up.
            self.settling[*bettor] = self.settling[*bettor].saturating_sub(1);
        }
    }

    /// Holds nobody back for what is being settled now.
    pub fn give_up(&mut self) {
        self.settling.fill(0);
    }

    /// The slip back again if it may be placed now; otherwise it is held back.
    pub fn admit(&mut self, job: Job) -> Option<Job> {
        if self.settling[job.slip.bettor] == 0 {
            return Some(job);
        }
        self.slips.push_back(job);
        None
    }

    /// The slips that need not wait any longer.
    pub fn release(&mut self) -> Vec<Job> {
        let (go, wait) = self.slips.drain(..).partition(|job: &Job| self.settling[job.slip.bettor] == 0);
        self.slips = wait;
        Vec::from(go)
    }

    pub fn any_closing_by(&self, close: Timestamp) -> bool {
        self.slips.iter().any(|job| job.closes_at <= close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(bettor: usize, race: usize) -> PlannedSlip {
        PlannedSlip { at: Timestamp::UNIX_EPOCH, race, bettor, body: bytes::Bytes::new() }
    }

    fn job(bettor: usize, closes_second: i64) -> Job {
        Job { number: 0, slip: slip(bettor, 1), closes_at: Timestamp::from_second(closes_second).unwrap() }
    }

    #[test]
    fn a_slip_waits_for_the_payout_of_its_bettor() {
        let mut held_back = HeldBack::new(&[slip(0, 0), slip(0, 0), slip(1, 1)], 2, 2);
        assert_eq!(held_back.bettors_of(0), [0, 0]);
        held_back.resulted(0);
        assert!(held_back.admit(job(1, 100)).is_some());
        assert!(held_back.admit(job(0, 100)).is_none() && held_back.admit(job(0, 500)).is_none());
        let second = |second| Timestamp::from_second(second).unwrap();
        assert!(held_back.release().is_empty());
        assert!(held_back.any_closing_by(second(100)) && !held_back.any_closing_by(second(99)));
        held_back.settled(0);
        assert_eq!(held_back.release().len(), 2);
        assert!(!held_back.any_closing_by(Timestamp::MAX));
    }

    #[test]
    fn a_settlement_that_never_comes_holds_nobody_back_without_end() {
        let mut held_back = HeldBack::new(&[slip(0, 0)], 2, 1);
        held_back.resulted(0);
        assert!(held_back.admit(job(0, 100)).is_none());
        held_back.give_up();
        assert_eq!(held_back.release().len(), 1);
        held_back.settled(0);
        assert!(held_back.admit(job(0, 100)).is_some());
    }
}
