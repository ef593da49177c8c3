//! The event source mapping of a function that consumes a queue. It receives batches, invokes the function with each and deletes what was
//! handled. It never runs more invocations at once than the mapping admits.

use super::{Batch, Queues, Received, event};
use crate::runner::Runner;
use platform::function::Trigger;
use platform::resource::QueueSpec;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How long to wait when the queue itself fails: a full disk, say.
const TROUBLE_WAIT: Duration = Duration::from_millis(500);

/// A function that consumes a queue.
pub struct Poller {
    pub queues: Arc<Queues>,
    pub runner: Arc<Runner>,
    pub queue: &'static QueueSpec,
    pub batch: u32,
    pub concurrency: u32,
}

impl Poller {
    /// The poller of a function, if it consumes a queue.
    pub fn of(runner: &Arc<Runner>, queues: &Arc<Queues>) -> Option<Self> {
        let (queue, batch, concurrency) = match &runner.function().trigger {
            Trigger::Queue { queue, batch, concurrency, .. } => (*queue, *batch, *concurrency),
            Trigger::Schedule { queue, .. } => (queue, 1, 1),
            Trigger::Http(_) | Trigger::Stream { .. } => return None,
        };
        Some(Self { queues: queues.clone(), runner: runner.clone(), queue, batch, concurrency })
    }

    /// Polls until `stopping`, then waits for the invocations under way.
    pub async fn run(self, mut stopping: watch::Receiver<bool>) {
        let permits = Arc::new(Semaphore::new(self.concurrency as usize));
        let poller = Arc::new(self);
        let _ = tokio::select! {
            biased;
            stopped = stopping.wait_for(|stopping| *stopping) => stopped.map(|_| ()),
            () = poller.clone().poll(permits.clone()) => Ok(()),
        };
        let _ = permits.acquire_many(poller.concurrency).await;
    }

    async fn poll(self: Arc<Self>, permits: Arc<Semaphore>) {
        let Some(mut changes) = self.queues.changes(self.queue.name) else { return };
        while let Ok(permit) = permits.clone().acquire_owned().await {
            changes.catch_up();
            let received = self.queues.receive(self.queue, self.batch, self.runner.function().visibility()).await;
            match received {
                Ok(Batch { messages, next_due }) if messages.is_empty() => self.queues.changed(&mut changes, next_due).await,
                Ok(Batch { messages, .. }) => {
                    let poller = self.clone();
                    tokio::spawn(async move {
                        poller.handle(messages).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(TROUBLE_WAIT).await,
            }
        }
    }

    async fn handle(&self, messages: Vec<Received>) {
        let reply = match event::event(self.runner.names(), self.queue.name, &messages) {
            Ok(event) => self.runner.invoke(event).await,
            Err(error) => Err(crate::runner::RunError::Failed(error.to_string())),
        };
        // An invocation that failed as a whole handled nothing.
        let failed = match &reply {
            Ok(reply) => event::failures(reply, &messages),
            Err(_) => messages.iter().map(|message| message.message_id.clone()).collect(),
        };
        let (mut failed, mut handled): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| failed.contains(&message.message_id));
        if !self.queues.deliveries.deletes(self.queue.name) {
            failed.append(&mut handled);
        }
        // When even this fails the messages come again after their visibility timeout: at least once.
        let _ = self.queues.settle(handled, failed).await;
        self.queues.wake(self.queue.name);
    }
}
