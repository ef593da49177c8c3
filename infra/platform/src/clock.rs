//! The one clock. Nothing else in the project asks the operating system for the time of day. So a laptop and a simulator can set the time
//! of everything: tokens, signatures, closes, delays.

use jiff::Timestamp;

/// A source of the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now, in whole milliseconds.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
