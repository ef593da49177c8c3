//! The local cloud: everything that Koban needs of AWS, in one process, on one directory. Functions run their real code on their real
//! events through the real SDK. Only the SDK's connector is ours, and it grants a function exactly what its definition lists.
//!
//! Everything that was accepted is durable: tables, messages with their receive counts, schedules, stream positions, the clock. The
//! process may be killed at any moment.

pub mod activity;
mod aws;
pub mod bare;
pub mod clock;
pub mod connector;
mod database;
pub mod deliveries;
pub mod engine;
mod error;
pub mod gateway;
pub mod issuer;
mod log;
mod loopback;
mod private;
pub mod queues;
pub mod runner;
mod schedules;
mod secrets;
mod server;
mod shared;
pub mod signal;
mod start;
mod streams;
mod topics;
pub mod witness;

pub use error::{CloudError, Listener};
pub use gateway::{BODY_TIME_MAX, CORS};
pub use schedules::{MESSAGE as SCHEDULE_MESSAGE, check_schedules};
pub use secrets::{new_secret, random_secret};
pub use server::Limits;
pub use shared::{Shared, Status};
pub use start::start;

use clock::LocalClock;
use connector::Faults;
pub use connector::permits::Permission;
use engine::Engine;
use issuer::Issuer;
use jiff::Timestamp;
use platform::Service;
use platform::sdk::Names;
use queues::Depth;
use runner::{RunError, Runner};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use witness::Witness;

/// How often `idle` looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long everything may take to stop. The listeners take less; a function that is cut then runs again, as after a kill.
const STOP_TIME_MAX: Duration = Duration::from_millis(1_800);

/// What to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Everything durable; made when it is missing. One local cloud at a time.
    pub data: PathBuf,
    /// Of the API; 0 for any free one.
    pub port: u16,
    /// Of the AWS endpoint; 0 for any free one.
    pub aws_port: u16,
    pub services: &'static [&'static Service],
    /// Where time starts in a new data directory; none follows the machine's clock.
    pub start_at: Option<Timestamp>,
    /// What functions find as their environment's settings, where it is not what each chooses for a laptop: `SHARDS`.
    pub settings: platform::context::Settings,
    /// What tokens say who issued them; the stable local name when none is given.
    pub issuer: Option<String>,
    /// Of each listener's connections.
    pub limits: Limits,
    /// How long a request's body may take to arrive at the API.
    pub body_time: Duration,
}

impl Config {
    /// On any free ports, by the machine's clock.
    pub fn new(data: impl Into<PathBuf>, services: &'static [&'static Service]) -> Self {
        Self {
            data: data.into(),
            port: 0,
            aws_port: 0,
            services,
            start_at: None,
            settings: platform::context::Settings::default(),
            issuer: None,
            limits: Limits::default(),
            body_time: BODY_TIME_MAX,
        }
    }
}

/// A running local cloud. Dropped without `stop` it ends as if it were killed: nothing accepted is lost.
pub struct Cloud {
    shared: Arc<Shared>,
    runners: Vec<Arc<Runner>>,
    url: String,
    aws_url: String,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
    witness: Witness,
    /// Held as long as the directory is in use.
    _lock: File,
}

impl Cloud {
    /// The API's base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The AWS endpoint's URL.
    pub fn aws_url(&self) -> &str {
        &self.aws_url
    }

    pub fn clock(&self) -> Arc<LocalClock> {
        self.shared.clock.clone()
    }

    /// Sets the clock. Everything that is due by then happens.
    pub async fn set_clock(&self, now: Timestamp) -> Result<(), CloudError> {
        self.shared.set_clock(now).await
    }

    /// A token of `subject`.
    ///
    /// # Panics
    /// When the issuer's key cannot sign, which its opening has shown to work.
    #[expect(clippy::panic, reason = "an issuer is opened with a key that signs")]
    pub fn token(&self, subject: &str) -> String {
        self.shared.issuer.token(subject).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn issuer(&self) -> &Issuer {
        &self.shared.issuer
    }

    /// A secret's value, by its short name.
    pub fn feed_secret(&self, name: &str) -> Option<&str> {
        self.shared.backends.secrets.value(name)
    }

    pub fn engine(&self) -> &Engine {
        &self.shared.backends.engine
    }

    /// How resources are named here.
    pub fn names(&self) -> &Names {
        &self.shared.backends.names
    }

    pub async fn status(&self) -> Result<Status, CloudError> {
        self.shared.status().await
    }

    /// Whether nothing is left to do until the clock moves or a request comes.
    pub async fn is_idle(&self) -> Result<bool, CloudError> {
        Ok(self.status().await?.idle)
    }

    /// Waits until it is idle.
    pub async fn idle(&self) -> Result<(), CloudError> {
        while !self.is_idle().await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    pub async fn queue_depths(&self) -> Result<BTreeMap<String, Depth>, CloudError> {
        self.shared.backends.queues.depths().await
    }

    /// Puts a message on a queue. Returns its id.
    pub async fn publish(&self, queue: &str, body: impl Into<String>) -> Result<String, CloudError> {
        self.shared.publish(queue, body.into()).await
    }

    /// What every function's definition grants it.
    pub fn granted_actions(&self) -> BTreeSet<Permission> {
        self.shared.permits.iter().flat_map(|permits| permits.granted()).collect()
    }

    /// What the functions have used of it since the start.
    pub fn used_actions(&self) -> BTreeSet<Permission> {
        self.shared.permits.iter().flat_map(|permits| permits.used()).collect()
    }

    /// Runs a function on `event` directly, without the gateway or a queue, as `aws lambda invoke` does. Returns its reply.
    pub async fn invoke(&self, function: &str, event: Vec<u8>) -> Result<Vec<u8>, RunError> {
        let runner = self.runners.iter().find(|runner| runner.function().name == function);
        let runner = runner.ok_or_else(|| RunError::Failed(format!("there is no function {function}")))?;
        runner.invoke(event).await
    }

    /// Makes AWS fail as `faults` says; none lets it work again.
    pub fn install_faults(&self, faults: Option<Arc<dyn Faults>>) {
        self.shared.backends.faults.install(faults);
    }

    /// Ends what is under way, closes the files, lets go of the directory: within 2 seconds, also where clients do nothing.
    pub async fn stop(mut self) {
        let _ = self.stopping.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME_MAX, all).await.is_err() {
            self.tasks.shutdown().await;
        }
        self.shared.backends.engine.close().await;
        self.shared.database.close().await;
        let log = self.shared.log.clone();
        let _ = tokio::task::spawn_blocking(move || log.close()).await;
        let witness = self.witness.clone();
        // Where it fails, what was noted at the start is witness still.
        let _ = tokio::task::spawn_blocking(move || witness.note()).await;
    }
}

/// The environment's name, beside `alpha` and the others.
pub const LOCAL: &str = "local";

/// How resources are named in the local cloud.
pub fn local_names() -> Names {
    Names {
        prefix: Names::prefix_of(LOCAL),
        region: "ap-northeast-1".into(),
        account: "000000000000".into(),
        queue_origin: Some("http://aws.local".into()),
    }
}

#[cfg(test)]
mod tests;
