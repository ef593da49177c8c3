//! The settable clock of the local cloud: the machine's time plus an offset. Schedules, delays and visibility timeouts wait by this clock,
//! so setting it makes a day pass in a moment. The offset is durable, so a restart does not go back in time.

use super::private::{damaged, named};
use super::signal::{Listener, Signal};
use jiff::{SignedDuration, Timestamp};
use platform::clock::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const FILE: &str = "clock.json";
/// How long a wait may be without looking at the clock again.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// What the clock can show, in milliseconds since 1970: the years to 8999, so that what is due a while later is a time, too.
const SHOWN_MS: std::ops::Range<i64> = 0..221_845_392_000_000;

/// The machine's clock, or that of the runtime, moved by an offset.
#[derive(Debug)]
pub struct LocalClock {
    base: Base,
    offset_ms: AtomicI64,
    /// Where the offset is kept; none of a clock that ends with its process.
    file: Option<PathBuf>,
    /// Held while the clock is set, so that what is stored is what is shown.
    setting: Mutex<()>,
    moves: Signal,
}

/// What the offset is added to.
#[derive(Debug, Clone, Copy)]
enum Base {
    Machine,
    /// The time of the runtime, which may be paused: what it shows at one of its moments.
    Runtime(Instant, Timestamp),
}

impl Base {
    fn now(self) -> Timestamp {
        match self {
            Self::Machine => SystemClock.now(),
            Self::Runtime(moment, shown) => {
                let passed = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
                shown.checked_add(SignedDuration::from_millis(passed)).unwrap_or(shown)
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    offset_ms: i64,
}

impl LocalClock {
    /// The clock of a data directory: as it was left, or at `start_at`, or as the machine's.
    pub fn open(directory: &Path, start_at: Option<Timestamp>) -> std::io::Result<Self> {
        let file = directory.join(FILE);
        let stored = Self::stored(directory)?;
        let start = start_at.map(|start| start.as_millisecond() - SystemClock.now().as_millisecond());
        let offset_ms = AtomicI64::new(stored.or(start).unwrap_or(0));
        let clock = Self::new(Base::Machine, offset_ms, Some(file));
        if stored.is_none() {
            clock.store()?;
        }
        Ok(clock)
    }

    /// A clock that shows `start` now and goes by the time of this runtime, which may be paused. It is kept nowhere.
    pub fn of_runtime(start: Timestamp) -> Self {
        Self::new(Base::Runtime(Instant::now(), start), AtomicI64::new(0), None)
    }

    fn new(base: Base, offset_ms: AtomicI64, file: Option<PathBuf>) -> Self {
        Self { base, offset_ms, file, setting: Mutex::default(), moves: Signal::default() }
    }

    /// The offset of a data directory, in milliseconds; none before it has one.
    fn stored(directory: &Path) -> std::io::Result<Option<i64>> {
        let file = directory.join(FILE);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(named(&file)(error)),
        };
        let next = "write {\"offset_ms\":0} into it to go by the machine's clock";
        let Stored { offset_ms } = serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &bytes, &error, next))?;
        match SystemClock.now().as_millisecond().checked_add(offset_ms) {
            Some(shown) if SHOWN_MS.contains(&shown) => Ok(Some(offset_ms)),
            _ => Err(damaged(&file, &bytes, "the time is not from 1970 to 8999", next)),
        }
    }

    /// What the clock of a data directory shows now; the machine's time before it has one. Writes nothing.
    pub fn shown(directory: &Path) -> std::io::Result<Timestamp> {
        let (now, offset) = (SystemClock.now(), SignedDuration::from_millis(Self::stored(directory)?.unwrap_or_default()));
        Ok(now.checked_add(offset).unwrap_or(now))
    }

    /// Whether the clock can be set to `now`.
    pub fn can_show(now: Timestamp) -> bool {
        SHOWN_MS.contains(&now.as_millisecond())
    }

    /// Sets the clock and wakes everything that waits by it. Returns by how much it moved.
    ///
    /// # Errors
    /// When the new offset cannot be stored: then the clock stays as it was.
    pub fn set(&self, now: Timestamp) -> std::io::Result<SignedDuration> {
        let _setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.offset_ms.load(SeqCst);
        let after = now.as_millisecond() - self.base.now().as_millisecond();
        self.offset_ms.store(after, SeqCst);
        if let Err(error) = self.store() {
            self.offset_ms.store(before, SeqCst);
            return Err(error);
        }
        self.moves.give();
        Ok(SignedDuration::from_millis(after - before))
    }

    /// Hears every move of the clock.
    pub fn moves(&self) -> Listener {
        self.moves.listen()
    }

    /// Waits until `due`, by this clock, however it is moved meanwhile.
    pub async fn sleep_until(&self, due: Timestamp) {
        let mut moves = self.moves();
        loop {
            let left = due.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(left.min(WAIT_MAX)) => {}
                () = moves.next() => {}
            }
        }
    }

    /// Replaces the file as a whole, so that a crash leaves the old or the new offset.
    fn store(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let stored = Stored { offset_ms: self.offset_ms.load(SeqCst) };
        let next = file.with_extension("json.next");
        std::fs::write(&next, serde_json::to_vec(&stored)?).map_err(named(&next))?;
        std::fs::rename(next, file).map_err(named(file))
    }
}

impl Clock for LocalClock {
    fn now(&self) -> Timestamp {
        let now = self.base.now();
        let offset = SignedDuration::from_millis(self.offset_ms.load(SeqCst));
        now.checked_add(offset).unwrap_or(now)
    }
}

impl dynoxide::storage_backend::clock::Clock for LocalClock {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.now().as_second()).unwrap_or(0)
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double's 53 bits")]
    fn now_unix_secs_f64(&self) -> f64 {
        self.now().as_millisecond() as f64 / 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_offset_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let clock = LocalClock::open(directory.path(), Some(at("2030-01-01T00:00:00Z"))).unwrap();
        clock.set(at("2031-05-01T00:00:00Z")).unwrap();
        drop(clock);
        let clock = LocalClock::open(directory.path(), Some(at("2030-01-01T00:00:00Z"))).unwrap();
        assert!(clock.now() >= at("2031-05-01T00:00:00Z") && clock.now() < at("2031-05-01T00:01:00Z"));
    }

    #[test]
    fn an_offset_that_cannot_be_read_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        let garbage: [&[u8]; 8] = [
            b"",
            b"\n",
            b"{",
            b"{\"offset_ms\":",
            b"{\"offset_ms\":1e99}",
            b"{\"offset_ms\":9223372036854775807}",
            b"{\"offset_ms\":-9223372036854775808}",
            &[0xff, 0, 0xfe],
        ];
        for bytes in garbage {
            std::fs::write(&file, bytes).unwrap();
            for error in [LocalClock::open(directory.path(), None).map(drop), LocalClock::shown(directory.path()).map(drop)] {
                let said = error.unwrap_err().to_string();
                assert!(said.contains("clock.json") && said.contains("write {\"offset_ms\":0} into it"), "{said}");
            }
            assert_eq!(std::fs::read(&file).unwrap(), bytes, "it is left as it was");
        }
    }

    #[test]
    fn set_by_many_at_once_it_keeps_what_it_shows() {
        let directory = tempfile::tempdir().unwrap();
        let clock = LocalClock::open(directory.path(), Some(at("2030-01-01T00:00:00Z"))).unwrap();
        for _ in 0..50 {
            std::thread::scope(|scope| {
                let clock = &clock;
                for year in 2030..2034 {
                    scope.spawn(move || clock.set(at(&format!("{year}-01-01T00:00:00Z"))).unwrap());
                }
            });
            let again = LocalClock::open(directory.path(), None).unwrap();
            assert!(again.now().duration_since(clock.now()).abs() < SignedDuration::from_mins(1));
        }
    }

    #[tokio::test]
    async fn a_move_wakes_who_waits() {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(LocalClock::open(directory.path(), Some(at("2030-01-01T00:00:00Z"))).unwrap());
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(at("2030-01-02T00:00:00Z")).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        clock.set(at("2030-01-03T00:00:00Z")).unwrap();
        waiting.await.unwrap();
    }
}
