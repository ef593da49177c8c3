//! The Japanese calendar: what day it is in Asia/Tokyo.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// The day in Asia/Tokyo at `now`. Japan has had no daylight saving since 1951, so a fixed offset is exact.
pub fn day_of(now: Timestamp) -> Date {
    now.to_zoned(tokyo()).date()
}

/// Asia/Tokyo: UTC+9.
pub fn tokyo() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_tokyos() {
        assert_eq!(day_of("2026-05-23T14:59:59Z".parse().unwrap()).to_string(), "2026-05-23");
        assert_eq!(day_of("2026-05-23T15:00:00Z".parse().unwrap()).to_string(), "2026-05-24");
    }
}
