//! What was measured while playing, by the real clock and by the replies' own accounts.

use http::HeaderValue;
use std::time::Duration;

/// What one kind of call came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// The call's number in the order of the play, and how long its reply took.
    latencies: Vec<(u64, Duration)>,
    write_units: f64,
    read_units: f64,
    calls: f64,
    /// Why calls that should have been accepted were not, in words.
    pub refused: Vec<String>,
}

impl Tally {
    /// Counts a call that was accepted, with what its reply says it cost.
    pub fn accepted(&mut self, number: u64, took: Duration, server_timing: Option<&HeaderValue>) {
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

    pub fn write_units_each(&self) -> f64 {
        self.write_units / as_f64(self.count())
    }

    pub fn read_units_each(&self) -> f64 {
        self.read_units / as_f64(self.count())
    }

    pub fn calls_each(&self) -> f64 {
        self.calls / as_f64(self.count())
    }

    /// The median latencies of the first and of the last tenth of the calls, in milliseconds: whether a full table is a slower one.
    pub fn first_and_last_ms(&self) -> [f64; 2] {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let tenth = latencies.len().div_ceil(10);
        let (first, last) = (&latencies[..tenth], &latencies[latencies.len() - tenth..]);
        [first, last].map(|part| percentile_ms(part.iter().map(|(_, took)| *took).collect(), 50))
    }

    /// The latency in milliseconds that `percent` of the calls stayed within.
    pub fn latency_ms(&self, percent: usize) -> f64 {
        percentile_ms(self.latencies.iter().map(|(_, took)| *took).collect(), percent)
    }
}

/// The value of `name` in a `Server-Timing` header: `calls;desc="3", wru;desc="5"`.
fn metric(header: &str, name: &str) -> f64 {
    let entry = header.split(',').find_map(|entry| entry.trim().strip_prefix(name)?.strip_prefix(";desc=\""));
    entry.and_then(|entry| entry.trim_end_matches('"').parse().ok()).unwrap_or_default()
}

/// What `percent` of the durations stayed within, in milliseconds: the nearest rank; 0 of nothing.
pub fn percentile_ms(mut durations: Vec<Duration>, percent: usize) -> f64 {
    durations.sort_unstable();
    let rank = (durations.len() * percent).div_ceil(100).saturating_sub(1);
    durations.get(rank).map_or(0.0, |duration| duration.as_secs_f64() * 1_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub fn as_f64(count: usize) -> f64 {
    count as f64
}

/// To a thousandth; nothing measured is 0, because JSON knows no infinity.
pub fn rounded(number: f64) -> f64 {
    if number.is_finite() { (number * 1_000.0).round() / 1_000.0 } else { 0.0 }
}

/// The most memory that this process ever held, in MB; none where Linux does not say.
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
        tally.accepted(0, Duration::from_millis(4), Some(&header));
        tally.accepted(1, Duration::from_millis(8), Some(&header));
        assert_eq!(
            [tally.write_units_each(), tally.read_units_each(), tally.calls_each()].map(|sum| sum.to_string()),
            ["5", "1.5", "3"]
        );
        assert_eq!([50, 99].map(|percent| tally.latency_ms(percent).to_string()), ["4", "8"]);
    }
}
