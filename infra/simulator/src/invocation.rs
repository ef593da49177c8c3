//! One invocation of a function: its number, its calls, and how it is killed.

use cloud::signal::Signal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

tokio::task_local! {
    /// The invocation that the code runs in. The SDK polls its calls on the task of who asks.
    pub static CURRENT: std::sync::Arc<Invocation>;
}

#[derive(Debug)]
pub struct Invocation {
    pub number: u64,
    pub function: &'static str,
    calls: AtomicU32,
    /// The SDK's id of each call, so that its further attempts are known.
    ids: Mutex<Vec<(String, u32)>>,
    killed: Signal,
}

impl Invocation {
    pub fn new(number: u64, function: &'static str) -> Self {
        Self { number, function, calls: AtomicU32::new(0), ids: Mutex::default(), killed: Signal::default() }
    }

    /// The number of the call that has this id.
    pub fn call(&self, id: &str) -> u32 {
        let mut ids = self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, number)) = ids.iter().find(|(known, _)| known == id) {
            return *number;
        }
        let number = self.calls.fetch_add(1, Relaxed);
        ids.push((id.to_owned(), number));
        number
    }

    /// Ends it where it is: nothing of it runs any more.
    pub fn kill(&self) {
        self.killed.give();
    }

    /// Waits until it is killed.
    pub async fn killed(&self) {
        self.killed.given().await;
    }
}
