//! A local cloud without files, threads and sockets. Engine, queues, streams, schedules, routes and functions are on the caller's runtime.
//! Its time may be paused. A simulation decides how functions run and how messages are delivered. Everything else is the local
//! cloud's own.

use crate::activity::Activity;
use crate::clock::LocalClock;
use crate::connector::permits::{Permission, Permits};
use crate::connector::{Backends, InstalledFaults};
use crate::database::Database;
use crate::deliveries::Deliveries;
use crate::engine::{Engine, StreamReader};
use crate::gateway::{Event, Routes, forward};
use crate::issuer::{self, ISSUER};
use crate::queues::poller::Poller;
use crate::queues::{NewMessage, Queues, random_uuid};
use crate::runner::{Host, Runner};
use crate::schedules::{Schedule, check_schedules};
use crate::secrets::Secrets;
use crate::streams::{Relay, RelayBackends, lag};
use crate::topics::Topics;
use crate::{CloudError, local_names};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use jiff::Timestamp;
use platform::clock::Clock;
use platform::function::Trigger;
use platform::resource::dead_letter_name;
use platform::service::functions_of;
use platform::{Function, Service};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is kept when a process ends: tables, messages, schedules, stream positions, the clock.
pub struct Kept {
    pub engine: Arc<Engine>,
    pub clock: Arc<LocalClock>,
    database: Arc<Database>,
    services: &'static [&'static Service],
    secret: String,
}

impl Kept {
    /// Empty, in memory, at `start`; every secret is `secret`.
    pub fn in_memory(services: &'static [&'static Service], start: Timestamp, secret: String) -> Result<Self, CloudError> {
        check_schedules(services)?;
        let clock = Arc::new(LocalClock::of_runtime(start));
        let engine = Arc::new(Engine::in_memory(services, &local_names(), &clock)?);
        Ok(Self { engine, clock, database: Arc::new(Database::in_memory()?), services, secret })
    }
}

/// How a function is run: its connector talks to the backends, with what its role permits.
pub type HostOf<'a> = &'a dyn Fn(&'static Function, &Arc<Backends>, Arc<Permits>) -> Box<dyn Host>;

/// A process that runs on what is kept. Dropped, it ends as if it were killed.
pub struct BareCloud {
    pub backends: Arc<Backends>,
    clock: Arc<LocalClock>,
    activity: Arc<Activity>,
    routes: Routes,
    relays: Vec<Arc<Relay>>,
    permits: Vec<Arc<Permits>>,
    stream: Mutex<StreamReader>,
    consumed: BTreeSet<&'static str>,
    workers: Vec<&'static str>,
    /// Never said: such a process does not stop, it is dropped.
    _stopping: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

/// The queue whose messages a worker reads. A sweep's only start it.
fn worker_queue(function: &'static Function) -> Option<&'static str> {
    match &function.trigger {
        Trigger::Queue { queue, .. } => Some(queue.name),
        Trigger::Http(_) | Trigger::Schedule { .. } | Trigger::Stream { .. } => None,
    }
}

/// A reply of the API.
#[derive(Debug, Clone)]
pub struct Answered {
    pub function: &'static str,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

impl BareCloud {
    pub async fn start(kept: &Kept, deliveries: Arc<dyn Deliveries>, host_of: HostOf<'_>) -> Result<Self, CloudError> {
        let Kept { engine, clock, database, services, secret } = kept;
        let (names, activity) = (local_names(), Arc::new(Activity::default()));
        let queues =
            Queues::open(database.clone(), clock.clone(), activity.clone(), deliveries.clone(), services).await.map(Arc::new)?;
        let backends = Arc::new(Backends {
            engine: engine.clone(),
            queues: queues.clone(),
            topics: Topics::new(queues.clone(), services),
            secrets: Secrets::all_of(secret, services, &names),
            names: names.clone(),
            api_url: "http://api.local".into(),
            faults: InstalledFaults::default(),
        });
        let runner = |function: &'static Function| {
            let permits = Arc::new(Permits::of(function, &names));
            let host = host_of(function, &backends, permits.clone());
            (Arc::new(Runner::hosted(function, names.clone(), host)), permits)
        };
        let (runners, permits): (Vec<_>, Vec<_>) = functions_of(services).map(runner).unzip();
        let shares = Arc::new(RelayBackends {
            engine: engine.clone(),
            queues: queues.clone(),
            clock: clock.clone(),
            activity: activity.clone(),
            deliveries,
        });
        let relays: Result<Vec<_>, _> = runners.iter().filter_map(|runner| Relay::of(runner, &shares).transpose()).collect();
        let relays: Vec<_> = relays?.into_iter().map(Arc::new).collect();
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for runner in &runners {
            if let Some(poller) = Poller::of(runner, &queues) {
                tasks.spawn(poller.run(stopped.clone()));
            }
            if let Some(schedule) = Schedule::of(runner.function(), database, &queues, clock)? {
                tasks.spawn(schedule.run(stopped.clone()));
            }
        }
        for relay in &relays {
            tasks.spawn(relay.clone().run(stopped.clone()));
        }
        Ok(Self {
            routes: Routes::new(&runners)?,
            stream: engine.stream_reader()?.into(),
            consumed: functions_of(services).filter_map(|function| function.consumes()).map(|queue| queue.name).collect(),
            workers: functions_of(services).filter_map(worker_queue).collect(),
            backends,
            clock: clock.clone(),
            activity,
            relays,
            permits,
            _stopping: stopping,
            _tasks: tasks,
        })
    }

    /// Sends a request to the API, as the gateway does once it knows that the caller is `subject`. None when there is no such route.
    ///
    /// # Errors
    /// When the reply's body cannot be read, which a reply in memory can.
    pub async fn request(&self, request: Request<&[u8]>, subject: Option<&str>) -> Result<Option<Answered>, CloudError> {
        let (parts, body) = request.into_parts();
        let Some(matched) = self.routes.find(&parts.method, parts.uri.path()) else { return Ok(None) };
        let now = self.clock.now();
        let claims = subject.map(|subject| issuer::claims(ISSUER, subject, now)).transpose()?;
        let names = &self.backends.names;
        let request_id = random_uuid();
        let event =
            Event { parts: &parts, matched: &matched, body, claims: claims.as_ref(), names, request_id: &request_id, now };
        let (head, body) = forward(&event).await.into_parts();
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let body = body.collect().await.map_err(CloudError::engine)?.to_bytes();
        Ok(Some(Answered {
            function: matched.runner.function().name,
            status: head.status.as_u16(),
            headers: headers.collect(),
            body,
        }))
    }

    /// Whether nothing is left to do until the clock moves or a request comes. The dead do not count, and messages that wait for their
    /// visibility timeout do not.
    pub async fn is_idle(&self) -> Result<bool, CloudError> {
        let before = self.activity.count();
        let lag_before = self.stream_lag()?;
        let busy = self.backends.queues.busy().await?;
        let quiet = self.activity.count() == before && lag_before == 0 && self.stream_lag()? == 0;
        Ok(quiet && busy.iter().all(|queue| !self.consumed.contains(queue.as_str())))
    }

    fn stream_lag(&self) -> Result<i64, CloudError> {
        let newest = self.stream.lock().unwrap_or_else(PoisonError::into_inner).newest();
        Ok(lag(&self.relays, newest.map_err(CloudError::engine)?))
    }

    /// When the next message becomes visible, after now.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, CloudError> {
        self.backends.queues.next_due().await
    }

    /// Moves the clock to `now`. Everything that is due by then happens; a schedule that missed several times fires once.
    pub async fn set_clock(&self, now: Timestamp) -> Result<(), CloudError> {
        let moved = self.clock.set(now).map_err(CloudError::Directory)?;
        self.backends.queues.clock_moved(moved).await
    }

    /// Puts a message on a queue.
    pub async fn publish(&self, queue: &str, body: String) -> Result<(), CloudError> {
        let message = NewMessage { queue: queue.to_owned(), body, ..NewMessage::default() };
        self.backends.queues.send(vec![message]).await.map(|_| ())
    }

    /// Lets every poller look at its queue again: another process may have put something on it.
    pub fn look_again(&self) {
        self.backends.queues.wake_all();
    }

    /// The queues of workers, each of which must give up on what it cannot read.
    pub fn workers(&self) -> &[&'static str] {
        &self.workers
    }

    /// Whether something is dead of a queue.
    pub async fn has_dead(&self, queue: &str) -> Result<bool, CloudError> {
        let depths = self.backends.queues.depths().await?;
        Ok(depths.get(&dead_letter_name(queue)).is_some_and(|depth| depth.visible > 0))
    }

    /// Moves what is dead, but for `poison`, back to the queues that functions consume, as an operator does. Returns how many messages that
    /// were.
    pub async fn redrive(&self, poison: &str) -> Result<u64, CloudError> {
        let mut moved = 0;
        for queue in &self.consumed {
            moved += self.backends.queues.redrive(queue, &dead_letter_name(queue), poison).await?;
        }
        Ok(moved)
    }

    /// What the functions have used since the start of what their definitions grant, and all that these grant.
    pub fn permissions(&self) -> (BTreeSet<Permission>, BTreeSet<Permission>) {
        let used = self.permits.iter().flat_map(|permits| permits.used()).collect();
        (used, self.permits.iter().flat_map(|permits| permits.granted()).collect())
    }
}
