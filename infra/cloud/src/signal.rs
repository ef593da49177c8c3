//! Wakes everybody who listens, in the order in which they began to. `tokio::sync::watch` wakes its receivers in an order that chance
//! decides, and a simulation must be able to repeat itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use tokio::sync::Notify;

/// What is given.
#[derive(Debug, Clone, Default)]
pub struct Signal(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    given: AtomicU64,
    listeners: Notify,
}

/// Who waits for it.
#[derive(Debug, Clone)]
pub struct Listener {
    signal: Arc<Inner>,
    heard: u64,
}

impl Signal {
    /// Wakes all listeners.
    pub fn give(&self) {
        self.0.given.fetch_add(1, SeqCst);
        self.0.listeners.notify_waiters();
    }

    /// Whether it was ever given.
    pub fn was_given(&self) -> bool {
        self.0.given.load(SeqCst) > 0
    }

    /// A listener that hears what is given from now on.
    pub fn listen(&self) -> Listener {
        Listener { heard: self.0.given.load(SeqCst), signal: self.0.clone() }
    }

    /// Waits until it was given once, before now or from now on.
    pub async fn given(&self) {
        Listener { heard: 0, signal: self.0.clone() }.next().await;
    }
}

impl Listener {
    /// Waits until it was given since this listener last heard of it.
    pub async fn next(&mut self) {
        loop {
            // Made before the look: what is given in between wakes it.
            let woken = self.signal.listeners.notified();
            let given = self.signal.given.load(SeqCst);
            if given != self.heard {
                self.heard = given;
                return;
            }
            woken.await;
        }
    }

    /// Counts everything that was given so far as heard.
    pub fn catch_up(&mut self) {
        self.heard = self.signal.given.load(SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    #[tokio::test]
    async fn listeners_hear_in_the_order_in_which_they_began() {
        let (signal, heard) = (Signal::default(), Arc::new(Mutex::new(Vec::new())));
        for number in 0..20 {
            let (mut listener, heard) = (signal.listen(), heard.clone());
            tokio::spawn(async move {
                listener.next().await;
                heard.lock().unwrap().push(number);
            });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        signal.give();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(*heard.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_was_given_before_the_wait_is_heard_once() {
        let signal = Signal::default();
        let mut listener = signal.listen();
        signal.give();
        signal.give();
        listener.next().await;
        signal.given().await;
        assert!(tokio::time::timeout(Duration::from_millis(1), listener.next()).await.is_err());
        signal.give();
        listener.catch_up();
        assert!(tokio::time::timeout(Duration::from_millis(1), listener.next()).await.is_err());
    }
}
