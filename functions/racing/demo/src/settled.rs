//! How long settlement took, by the real clock.

use demo::measure::{as_f64, percentile_ms};
use std::time::{Duration, Instant};

/// A race that was settled.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    pub slips: usize,
    /// The result was accepted.
    pub from: Instant,
    /// It was seen to be settled.
    pub until: Instant,
}

/// Slips settled per second of the time in which any race was being settled.
pub fn settled_slips_per_s(settled: &[Settled]) -> f64 {
    let slips: f64 = as_f64(settled.iter().map(|race| race.slips).sum());
    slips / union(settled).as_secs_f64()
}

/// The time in milliseconds from a result to its settlement that `percent` of the races stayed within.
pub fn result_to_settled_ms(settled: &[Settled], percent: usize) -> f64 {
    percentile_ms(settled.iter().map(|race| race.until.duration_since(race.from)).collect(), percent)
}

/// How long any of the spans lasted; where they overlap it counts once.
fn union(settled: &[Settled]) -> Duration {
    let mut spans: Vec<_> = settled.iter().map(|race| (race.from, race.until)).collect();
    spans.sort_unstable();
    let mut sum = Duration::ZERO;
    let mut covered_until = None;
    for (from, until) in spans {
        let from = covered_until.map_or(from, |covered: Instant| from.max(covered));
        sum += until.saturating_duration_since(from);
        covered_until = Some(covered_until.map_or(until, |covered| until.max(covered)));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_settlements_count_once() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let race = |slips, from, until| Settled { slips, from: at(from), until: at(until) };
        let settled = [race(10, 0, 2), race(10, 1, 3), race(10, 10, 11), race(0, 1, 2)];
        assert_eq!(union(&settled), Duration::from_secs(4));
        assert_eq!(settled_slips_per_s(&settled).to_string(), "7.5");
        assert_eq!(result_to_settled_ms(&settled, 99).to_string(), "2000");
    }
}
