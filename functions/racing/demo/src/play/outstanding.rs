//! The slips that were handed out and not answered yet. The clock may move on beside them, but never past the close of one; and how long
//! there were any is how long placing took.

use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub struct Outstanding {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// How many there are, by the close of their race.
    by_close: BTreeMap<Timestamp, u32>,
    by_bettor: HashMap<usize, u32>,
    busy: Duration,
    busy_since: Option<Instant>,
}

impl Outstanding {
    pub fn begin(&self, closes_at: Timestamp, bettor: usize) {
        let mut state = self.state();
        *state.by_close.entry(closes_at).or_default() += 1;
        *state.by_bettor.entry(bettor).or_default() += 1;
        state.busy_since.get_or_insert_with(Instant::now);
    }

    pub fn end(&self, closes_at: Timestamp, bettor: usize) {
        let mut state = self.state();
        if let Some(count) = state.by_bettor.get_mut(&bettor) {
            *count -= 1;
            if *count == 0 {
                state.by_bettor.remove(&bettor);
            }
        }
        if let Some(count) = state.by_close.get_mut(&closes_at) {
            *count -= 1;
            if *count == 0 {
                state.by_close.remove(&closes_at);
            }
        }
        if state.by_close.is_empty()
            && let Some(since) = state.busy_since.take()
        {
            state.busy += since.elapsed();
        }
        drop(state);
        self.ended.notify_one();
    }

    /// Whether there is one of any of `bettors`.
    pub fn any_of(&self, bettors: &[usize]) -> bool {
        let state = self.state();
        bettors.iter().any(|bettor| state.by_bettor.contains_key(bettor))
    }

    /// Waits until there is none whose race closes at or before `moment`. One waiter at a time.
    pub async fn none_closing_by(&self, moment: Timestamp) {
        while self.state().by_close.first_key_value().is_some_and(|(close, _)| *close <= moment) {
            self.ended.notified().await;
        }
    }

    /// How long there were any, all in all.
    pub fn busy(&self) -> Duration {
        let state = self.state();
        state.busy + state.busy_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn the_clock_waits_for_slips_that_close_and_not_for_others() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let outstanding = Arc::new(Outstanding::default());
        outstanding.begin(at(100), 1);
        outstanding.begin(at(200), 2);
        outstanding.none_closing_by(at(99)).await;
        let waiting = tokio::spawn({
            let outstanding = outstanding.clone();
            async move { outstanding.none_closing_by(at(150)).await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(!waiting.is_finished());
        assert!(outstanding.any_of(&[0, 1]));
        outstanding.end(at(100), 1);
        waiting.await.unwrap();
        assert!(!outstanding.any_of(&[0, 1]) && outstanding.any_of(&[2]));
        assert!(outstanding.busy() >= Duration::from_millis(10));
    }
}
