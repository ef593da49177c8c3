//! One seed, from its first request to the proof that everything is right.

use super::fault::{Fault, Rates};
use super::injector::{ByChance, Injector};
use super::outbox;
use super::registry::{Play, Registry};
use super::simulation::{Made, Simulation};
use super::size::Size;
use super::start::start;
use super::world::World;
use cloud::CloudError;
use cloud::bare::Kept;
use data_encoding::BASE64;
use fastrand::Rng;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::secrets::SecretValue;
use proofs::{Tables, verify};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long the users' acts may take, of the world's time.
const ACTS_MAX: Duration = Duration::from_hours(12);
/// How often the process may be killed, at most this far apart.
const KILLED_EVERY_S: std::ops::Range<u64> = 5..300;
/// When faults have stopped: how often time is skipped until everything has come to its end, and how far each time.
const SKIPS_MAX: u32 = 40;
const SKIP: SignedDuration = SignedDuration::from_secs(75);
/// How often what is dead is sent again, once faults have stopped. What is dead after that is never handled.
const REDRIVES_MAX: u32 = 3;
/// What no worker can read.
pub const POISON: &str = "poison";
/// A day in 2026, on which seeds start at a second of their own.
const FIRST_SECOND: i64 = 1_767_225_600;
const SECONDS: i64 = 300 * 24 * 3_600;

/// What one seed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    pub number: u64,
    pub size: Size,
    /// Faults that do not happen, although the seed may draw them.
    pub without: Vec<Fault>,
    /// Whether its events are kept as lines.
    pub shows: bool,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub seed: u64,
    pub operations: u64,
    pub faults: BTreeMap<Fault, u64>,
    pub violations: Vec<String>,
    /// Of the whole history.
    pub hash: u64,
    pub events: u64,
    /// How much of the world's time it took.
    pub virtual_s: i64,
    #[serde(skip)]
    pub timeline: Vec<String>,
}

impl Outcome {
    pub fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// Why a seed could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    #[error("the simulated cloud does not start")]
    Cloud(#[from] CloudError),
    #[error("a runtime cannot be made")]
    Runtime(#[source] std::io::Error),
    #[error("the proofs cannot be read")]
    Proof(#[from] proofs::VerifyError),
}

/// A runtime of one thread whose time passes only when nothing else can happen.
pub fn runtime() -> Result<tokio::runtime::Runtime, SimulationError> {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().map_err(SimulationError::Runtime)
}

/// Runs a seed on this thread.
pub fn run(registry: Registry, seed: &Seed) -> Result<Outcome, SimulationError> {
    // The SDK's jitter, tokens and ids, and ours, are all drawn from this.
    fastrand::seed(seed.number);
    runtime()?.block_on(live(registry, seed))
}

/// A world, empty, whose process runs.
pub async fn world(
    registry: Registry,
    rng: &mut Rng,
    rates: Rates,
    injector: Arc<dyn Injector>,
    (by_chance, shows): (bool, bool),
) -> Result<World, SimulationError> {
    let begins_at = Timestamp::from_second(FIRST_SECOND + rng.i64(0..SECONDS)).unwrap_or_default();
    let secret = format!("whsec_{}", BASE64.encode(&rng.u128(..).to_be_bytes().repeat(2)));
    let kept = Kept::in_memory(registry.services, begins_at, secret.clone())?;
    let secret = SecretValue::new(secret);
    let (other_version, settings) = (registry.other_version, registry.settings());
    let made = Made { other_version, settings, kept, secret, rates, injector, rng: rng.fork(), by_chance, shows };
    let simulation = Simulation::new(made);
    start(&simulation).await?;
    Ok(World(simulation))
}

async fn live(registry: Registry, seed: &Seed) -> Result<Outcome, SimulationError> {
    let mut rng = Rng::with_seed(seed.number);
    let rates = Rates::draw(&mut rng).without(&seed.without);
    let injector = Arc::new(ByChance::new(rates.clone(), rng.fork()));
    let world = world(registry, &mut rng, rates, injector, (true, seed.shows)).await?;
    let started = world.now();
    let plays: Vec<_> = registry.workloads.iter().map(|workload| (workload.begin)(&world, seed.size)).collect();
    let poisoned = poison(&world).await;
    act(&world, registry, &plays).await;
    world.0.end_faults();
    if come_to_rest(&world, &plays).await {
        find_poison(&world, poisoned).await;
        for play in &plays {
            play.account(&world).await;
        }
        for play in &plays {
            play.check(&world).await;
        }
        outbox::check(&world, registry).await;
    }
    prove(&world, registry)?;
    let simulation = &world.0;
    // The process and what it runs on hold each other.
    simulation.kill();
    Ok(Outcome {
        seed: seed.number,
        operations: simulation.operations.load(Relaxed),
        faults: simulation.counts(),
        violations: simulation.violations(),
        hash: simulation.history.hash(),
        events: simulation.history.events(),
        virtual_s: world.now().duration_since(started).as_secs(),
        timeline: simulation.history.take_shown(),
    })
}

/// Puts poison on the queue of a worker. Returns its name.
async fn poison(world: &World) -> Option<&'static str> {
    let process = world.0.process()?;
    let workers = process.cloud.workers();
    let queue = *workers.get(world.draw(|rng| rng.usize(0..workers.len().max(1))))?;
    world.publish(queue, POISON).await;
    Some(queue)
}

/// Poison must be among the dead, where an operator sees it.
async fn find_poison(world: &World, poisoned: Option<&'static str>) {
    let (Some(queue), Some(process)) = (poisoned, world.0.process()) else { return };
    if !process.cloud.has_dead(queue).await.unwrap_or(false) {
        world.violation(format!("what {queue} cannot read has vanished: it is no dead letter"));
    }
}

/// Everybody acts, while the process is killed and started again.
async fn act(world: &World, registry: Registry, plays: &[Arc<dyn Play>]) {
    let actors = plays.iter().flat_map(|play| play.clone().actors(world)).map(tokio::spawn);
    let all = async {
        for ended in join_all(actors).await {
            if let Err(panicked) = ended {
                world.violation(format!("a user panicked: {panicked}"));
            }
        }
    };
    tokio::select! {
        biased;
        () = all => {}
        () = kill_at_times(world, registry) => {}
        () = tokio::time::sleep(ACTS_MAX) => world.violation(format!("the users are not done after {ACTS_MAX:?}")),
    }
}

async fn kill_at_times(world: &World, registry: Registry) {
    loop {
        let wait = world.draw(|rng| rng.u64(KILLED_EVERY_S));
        world.pass(Duration::from_secs(wait)).await;
        if world.0.strikes(Fault::Restarted) {
            restart(world).await;
        }
        // At any moment everything stored must be true.
        if let Err(error) = prove(world, registry) {
            world.violation(format!("nothing can be proved: {error}"));
        }
    }
}

async fn restart(world: &World) {
    world.0.note_of("killed", || "        the process is killed".into());
    world.0.kill();
    world.pass_some(0..5_000).await;
    if let Err(error) = start(&world.0).await {
        world.violation(format!("the process does not start again: {error}"));
    }
}

/// Lets everything come to its end: within bounded time, with empty queues, and nothing dead that an operator cannot send again.
async fn come_to_rest(world: &World, plays: &[Arc<dyn Play>]) -> bool {
    // Starts with correct clocks: what is off by chance would stay off.
    restart(world).await;
    for _ in 0..REDRIVES_MAX {
        let mut done = false;
        for _ in 0..SKIPS_MAX {
            if !world.rest().await {
                world.violation("the system does not come to rest");
                return false;
            }
            done = all_done(world, plays).await;
            if done {
                break;
            }
            world.skip(SKIP).await;
        }
        let dead = match world.0.process() {
            Some(process) => process.cloud.redrive(POISON).await.unwrap_or(u64::MAX),
            None => u64::MAX,
        };
        if done && dead == 0 {
            return true;
        }
    }
    world.violation("not everything comes to its end after the faults have stopped");
    true
}

async fn all_done(world: &World, plays: &[Arc<dyn Play>]) -> bool {
    for play in plays {
        if !play.is_done(world).await {
            return false;
        }
    }
    true
}

/// Everything stored must be true.
pub fn prove(world: &World, registry: Registry) -> Result<(), SimulationError> {
    let tables = Tables::of_engine(world.0.kept.engine.clone());
    let verdict = verify(&tables, registry.proofs, world.0.kept.clock.now())?;
    for fault in &verdict.faults {
        world.violation(fault.to_string());
    }
    Ok(())
}
