//! Deletes changes that every relay has handled. AWS deletes them automatically after a day; here nothing else would.

use super::Relay;
use crate::CloudError;
use crate::engine::{Engine, StreamReader, TRIMMED_MAX};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Trims until `stopping`.
pub async fn trim(engine: Arc<Engine>, relays: Vec<Arc<Relay>>, mut stopping: watch::Receiver<bool>) {
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => {}
        _ = trim_continually(&engine, &relays) => {}
    }
}

/// Returns only what keeps it from going on.
async fn trim_continually(engine: &Engine, relays: &[Arc<Relay>]) -> Result<Infallible, CloudError> {
    let reader = std::sync::Mutex::new(engine.stream_reader()?);
    let mut written = engine.written();
    let mut trimmed = 0;
    loop {
        written.next().await;
        tokio::time::sleep(LOOK_EVERY).await;
        let done = done_with(relays, &reader)?;
        if done < trimmed + TRIMMED_MAX {
            continue;
        }
        // Chunk by chunk, so that writes come in between.
        while engine.trim_stream(done).await? == usize::try_from(TRIMMED_MAX).unwrap_or(0) {}
        trimmed = done;
    }
}

/// The last change that every relay is done with.
fn done_with(relays: &[Arc<Relay>], reader: &std::sync::Mutex<StreamReader>) -> Result<i64, CloudError> {
    if let Some(slowest) = relays.iter().map(|relay| relay.position()).min() {
        return Ok(slowest);
    }
    reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner).newest().map_err(CloudError::engine)
}
