//! One simulated world: what is kept, the process that runs on it, chance, and what is known of everything that happened.

use super::books::Books;
use super::fault::{Fault, Rates};
use super::history::History;
use super::injector::{Call, Injector};
use cloud::bare::{BareCloud, Kept};
use cloud::clock::LocalClock;
use cloud::signal::Signal;
use fastrand::Rng;
use platform::clock::Clock;
use platform::context::Settings;
use platform::secrets::SecretValue;
use platform::service::functions_of;
use platform::telemetry::LogSink;
use platform::{Function, Service};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub struct Simulation {
    other_version: Option<&'static [&'static Service]>,
    pub history: History,
    pub kept: Kept,
    pub secret: SecretValue,
    rates: Rates,
    injector: Arc<dyn Injector>,
    /// Whether faults happen.
    faulty: AtomicBool,
    by_chance: bool,
    rng: Mutex<Rng>,
    counts: Mutex<BTreeMap<Fault, u64>>,
    invocations: AtomicU64,
    /// What is under way that no queue or stream knows of.
    under_way: Arc<AtomicU64>,
    pub operations: AtomicU64,
    violations: Mutex<Vec<String>>,
    books: Mutex<Books>,
    process: Mutex<Option<Arc<Process>>>,
    /// The ids of all events that were published.
    published: Mutex<HashSet<String>>,
    /// Queues whose messages are lost.
    losing: Mutex<BTreeSet<String>>,
    /// The next call of this function and operation has its effect only after a while.
    held: Mutex<Option<Held>>,
    /// Which function has answered with which problem.
    met: Mutex<BTreeSet<(&'static str, String)>>,
    settings: Arc<Settings>,
}

/// A process of the cloud.
pub struct Process {
    pub cloud: BareCloud,
    /// Given when it is killed.
    pub ended: Signal,
}

impl Process {
    /// Waits until it is killed.
    pub async fn ended(&self) {
        self.ended.given().await;
    }
}

/// What a simulation is made of.
pub struct Made {
    /// Whose functions run beside the others on the same tables.
    pub other_version: Option<&'static [&'static Service]>,
    pub settings: Settings,
    pub kept: Kept,
    pub secret: SecretValue,
    pub rates: Rates,
    pub injector: Arc<dyn Injector>,
    pub rng: Rng,
    /// Whether users and instances do more than what is asked of them, by chance.
    pub by_chance: bool,
    pub shows: bool,
}

/// A call that is held.
struct Held {
    function: &'static str,
    operation: &'static str,
    after: Duration,
    /// Which call it is, once it was made: its further attempts are held, too.
    call: Option<(u64, u32)>,
}

impl Simulation {
    pub fn new(made: Made) -> Arc<Self> {
        let Made { other_version, settings, kept, secret, rates, injector, rng, by_chance, shows } = made;
        Arc::new(Self {
            other_version,
            history: History::new(shows),
            kept,
            secret,
            rates,
            injector,
            faulty: true.into(),
            by_chance,
            rng: rng.into(),
            counts: Mutex::default(),
            invocations: AtomicU64::new(0),
            under_way: Arc::default(),
            operations: AtomicU64::new(0),
            violations: Mutex::default(),
            books: Mutex::default(),
            process: Mutex::default(),
            published: Mutex::default(),
            losing: Mutex::default(),
            held: Mutex::default(),
            met: Mutex::default(),
            settings: Arc::new(settings),
        })
    }

    /// From now on this process runs.
    pub fn runs(&self, process: Process) {
        *locked(&self.process) = Some(Arc::new(process));
    }

    /// Kills the process, if one runs. What it was doing ends where it is.
    pub fn kill(&self) {
        if let Some(process) = locked(&self.process).take() {
            process.ended.give();
        }
    }

    /// The process that runs; none between a kill and the next start.
    pub fn process(&self) -> Option<Arc<Process>> {
        locked(&self.process).clone()
    }

    pub fn clock(&self) -> Arc<LocalClock> {
        self.kept.clock.clone()
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    /// Counts as under way for as long as it lives.
    pub fn goes_on(&self) -> UnderWay {
        self.under_way.fetch_add(1, Relaxed);
        UnderWay(self.under_way.clone())
    }

    pub fn is_under_way(&self) -> bool {
        self.under_way.load(Relaxed) > 0
    }

    pub fn next_invocation(&self) -> u64 {
        self.invocations.fetch_add(1, Relaxed)
    }

    /// The version of `function` that a new instance runs.
    pub fn version_of(&self, function: &'static Function) -> &'static Function {
        let Some(others) = self.other_version else { return function };
        let other = functions_of(others).find(|other| other.name == function.name);
        other.filter(|_| self.draw(Rng::bool)).unwrap_or(function)
    }

    /// Draws of the simulation's own chance.
    pub fn draw<T>(&self, of: impl FnOnce(&mut Rng) -> T) -> T {
        of(&mut locked(&self.rng))
    }

    /// Whether users and instances do more than what is asked of them, by chance.
    pub const fn is_by_chance(&self) -> bool {
        self.by_chance
    }

    /// Whether faults happen at all.
    pub fn has_faults(&self) -> bool {
        self.faulty.load(Relaxed)
    }

    /// From now on nothing goes wrong.
    pub fn end_faults(&self) {
        self.faulty.store(false, Relaxed);
    }

    /// Whether this fault happens now.
    pub fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.has_faults() && self.draw(|rng| self.rates.strikes(fault, rng));
        if strikes {
            self.count(fault);
        }
        strikes
    }

    /// What goes wrong with a call.
    pub fn fault_of(&self, call: &Call) -> Option<Fault> {
        let fault = self.injector.fault(call).filter(|_| self.has_faults())?;
        self.count(fault);
        Some(fault)
    }

    fn count(&self, fault: Fault) {
        *locked(&self.counts).entry(fault).or_default() += 1;
    }

    /// How often each fault has happened.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        locked(&self.counts).clone()
    }

    /// Notes an event: `what` is what its hash is of, and `text` is what is shown.
    pub fn note_of(&self, what: impl Hash, text: impl FnOnce() -> String) {
        self.history.note(self.kept.clock.now(), what, text);
    }

    /// Notes that a promise was broken.
    pub fn violation(&self, what: String) {
        self.note_of(&what, || format!("VIOLATION  {what}"));
        locked(&self.violations).push(what);
    }

    pub fn violations(&self) -> Vec<String> {
        locked(&self.violations).clone()
    }

    /// Notes an event that was published.
    pub fn publishes(&self, event: &str) {
        if let Some(id) = id_of(event) {
            locked(&self.published).insert(id);
        }
    }

    /// Whether this very event was published.
    pub fn has_published(&self, event: &str) -> bool {
        id_of(event).is_some_and(|id| locked(&self.published).contains(&id))
    }

    /// From now on messages to `queue` are lost, or not any more.
    pub fn lose(&self, queue: &str, loses: bool) {
        if loses {
            locked(&self.losing).insert(queue.to_owned());
        } else {
            locked(&self.losing).remove(queue);
        }
    }

    pub fn loses(&self, queue: &str) -> bool {
        locked(&self.losing).contains(queue)
    }

    /// The next such call has its effect only `after` a while.
    pub fn hold(&self, function: &'static str, operation: &'static str, after: Duration) {
        *locked(&self.held) = Some(Held { function, operation, after, call: None });
    }

    /// How late this call has its effect, when it is the one that is held.
    pub fn held(&self, call: &Call) -> Option<Duration> {
        let mut held = locked(&self.held);
        let held = held.as_mut().filter(|held| held.function == call.function && held.operation == call.operation)?;
        let own = (call.invocation, call.number);
        (*held.call.get_or_insert(own) == own).then_some(held.after)
    }

    /// Notes that `function` has answered with the problem `code`.
    pub fn meets(&self, function: &'static str, code: &str) {
        locked(&self.met).insert((function, code.to_owned()));
    }

    pub fn met(&self) -> BTreeSet<(&'static str, String)> {
        locked(&self.met).clone()
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        locked(&self.books)
    }
}

/// Something that is under way.
pub struct UnderWay(Arc<AtomicU64>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The id of an event, as CloudEvents has it.
fn id_of(event: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str::<Named>(event).ok().map(|named| named.id)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody reads the log of a simulation: the history has what happened.
pub struct Unread;

impl LogSink for Unread {
    fn line(&self, _line: String) {}
}
