//! What was measured while playing, by the real clock and by the replies' own accounts.

use http::HeaderValue;
use std::time::{Duration, Instant};

/// What placing slips came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// The slip's number in the order of the days, and how long its reply took.
    latencies: Vec<(u64, Duration)>,
    write_units: f64,
    read_units: f64,
    calls: f64,
    /// Why slips that should have been taken were not, in words.
    pub refused: Vec<String>,
}

/// A race that was settled.
#[derive(Debug, Clone, Copy)]
pub struct Settled {
    pub slips: usize,
    /// The result was accepted.
    pub from: Instant,
    /// It was seen to be settled.
    pub until: Instant,
}

impl Tally {
    /// Counts a slip that was placed, with what its reply says it cost.
    pub fn placed(&mut self, number: u64, took: Duration, server_timing: Option<&HeaderValue>) {
        self.latencies.push((number, took));
        let timing = server_timing.and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.write_units += metric(timing, "wru");
        self.read_units += metric(timing, "rru") + metric(timing, "check_rru");
        self.calls += metric(timing, "calls");
    }

    pub fn add(&mut self, mut other: Self) {
        self.latencies.append(&mut other.latencies);
        self.refused.append(&mut other.refused);
        self.write_units += other.write_units;
        self.read_units += other.read_units;
        self.calls += other.calls;
    }

    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    pub fn write_units_per_slip(&self) -> f64 {
        self.write_units / as_f64(self.count())
    }

    pub fn read_units_per_slip(&self) -> f64 {
        self.read_units / as_f64(self.count())
    }

    pub fn calls_per_slip(&self) -> f64 {
        self.calls / as_f64(self.count())
    }

    /// The median latencies of the first and of the last tenth of the slips, in milliseconds: whether a full table is a slower one.
    pub fn first_and_last_ms(&self) -> [f64; 2] {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let tenth = latencies.len().div_ceil(10);
        let (first, last) = (&latencies[..tenth], &latencies[latencies.len() - tenth..]);
        [first, last].map(|part| percentile_ms(part.iter().map(|(_, took)| *took).collect(), 50))
    }

    /// The latency in milliseconds that `percent` of the slips stayed within.
    pub fn latency_ms(&self, percent: usize) -> f64 {
        percentile_ms(self.latencies.iter().map(|(_, took)| *took).collect(), percent)
    }
}

/// The value of `name` in a `Server-Timing` header: `calls;desc="3", wru;desc="5"`.
fn metric(header: &str, name: &str) -> f64 {
    let entry = header.split(',').find_map(|entry| entry.trim().strip_prefix(name)?.strip_prefix(";desc=\""));
    entry.and_then(|entry| entry.trim_end_matches('"').parse().ok()).unwrap_or_default()
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

/// The nearest rank; 0 of nothing.
fn percentile_ms(mut durations: Vec<Duration>, percent: usize) -> f64 {
    durations.sort_unstable();
    let rank = (durations.len() * percent).div_ceil(100).saturating_sub(1);
    durations.get(rank).map_or(0.0, |duration| duration.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn as_f64(count: usize) -> f64 {
    count as f64
}

/// The most memory that this process ever held, in MB; none where Linux does not tell.
pub fn rss_mb_max() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes.div_ceil(1_024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_timing_is_added_up() {
        let header = HeaderValue::from_static(r#"calls;desc="3", wru;desc="5", rru;desc="1.5""#);
        let mut tally = Tally::default();
        tally.placed(0, Duration::from_millis(4), Some(&header));
        tally.placed(1, Duration::from_millis(8), Some(&header));
        assert_eq!(
            [tally.write_units_per_slip(), tally.read_units_per_slip(), tally.calls_per_slip()].map(|sum| sum.to_string()),
            ["5", "1.5", "3"]
        );
        assert_eq!([50, 99].map(|percent| tally.latency_ms(percent).to_string()), ["4", "8"]);
    }

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
