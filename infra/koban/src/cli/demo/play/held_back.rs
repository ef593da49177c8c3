//! Slips of people who are just being paid. A day passes in minutes here, so a slip and a payout of one wallet would meet a thousand
//! times as often as they do in a day of real hours, and each meeting costs a second attempt. By the day's own clock a settlement is
//! over within the second: so a person's next slip waits until it is, or until its race is about to close.

use super::placing::Job;
use crate::cli::demo::plan::PlannedSlip;
use jiff::Timestamp;
use std::collections::VecDeque;

pub(super) struct HeldBack {
    /// Who has a slip on each race of the day.
    bettors: Vec<Vec<usize>>,
    /// In how many settlements each bettor is.
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

    /// How many slips a race has.
    pub fn slips_of(&self, race: usize) -> usize {
        self.bettors[race].len()
    }

    pub fn resulted(&mut self, race: usize) {
        for bettor in &self.bettors[race] {
            self.settling[*bettor] += 1;
        }
    }

    pub fn settled(&mut self, race: usize) {
        for bettor in &self.bettors[race] {
            self.settling[*bettor] -= 1;
        }
    }

    /// The slip back again if it may be placed now; otherwise it is held back.
    pub fn admit(&mut self, job: Job) -> Option<Job> {
        if self.settling[job.slip.bettor] == 0 {
            return Some(job);
        }
        self.slips.push_back(job);
        None
    }

    /// What need not, or must not, wait any longer when the clock goes on to `now`.
    pub fn release(&mut self, now: Timestamp) -> Vec<Job> {
        let (go, wait) = self.slips.drain(..).partition(|job: &Job| self.settling[job.slip.bettor] == 0 || job.closes_at <= now);
        self.slips = wait;
        Vec::from(go)
    }

    pub fn is_empty(&self) -> bool {
        self.slips.is_empty()
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
    fn a_slip_waits_for_the_payout_of_its_bettor_and_no_longer_than_its_race() {
        let mut held = HeldBack::new(&[slip(0, 0), slip(0, 0), slip(1, 1)], 2, 2);
        assert_eq!(held.slips_of(0), 2);
        held.resulted(0);
        assert!(held.admit(job(1, 100)).is_some());
        assert!(held.admit(job(0, 100)).is_none() && held.admit(job(0, 500)).is_none());
        let second = |second| Timestamp::from_second(second).unwrap();
        assert!(held.release(second(50)).is_empty());
        assert_eq!(held.release(second(100)).len(), 1, "its race is about to close");
        held.settled(0);
        assert_eq!(held.release(second(101)).len(), 1);
        assert!(held.is_empty());
    }
}
