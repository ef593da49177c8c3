//! The instances of one function, as Lambda keeps them: an idle one is used again, otherwise a new one starts cold. Each has its own clock,
//! which may be off, and its own copies of what it read. One that was killed or timed out never runs again.

use super::fault::Fault;
use super::invocation::{CURRENT, Invocation};
use super::network::Network;
use super::simulation::{Simulation, Unread};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use cloud::clock::LocalClock;
use cloud::connector::permits::Permits;
use cloud::connector::{Backends, Connector};
use cloud::issuer::{AUDIENCE, ISSUER};
use cloud::runner::{Host, RunError, run};
use cloud::signal::Signal;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use platform::Function;
use platform::clock::Clock;
use platform::context::{Environment, Issuer, ProcessEnv};
use platform::sdk::Sdk;
use std::sync::{Arc, Mutex, PoisonError};

/// How far an instance's clock may be off, in seconds: less than the five minutes that signatures may be old.
const CLOCK_OFF_S: std::ops::RangeInclusive<i64> = -290..=290;
/// Of a hundred invocations, how many are the last of their instance.
const RETIRED_PERCENT: u8 = 5;

pub struct Fleet {
    function: &'static Function,
    backends: Arc<Backends>,
    permits: Arc<Permits>,
    simulation: Arc<Simulation>,
    /// Given when the process is killed.
    ended: Signal,
    idle: Mutex<Vec<Arc<Instance>>>,
}

/// One instance: of the code that runs now, or of another version of it.
struct Instance {
    function: &'static Function,
    environment: Arc<Environment>,
}

impl Fleet {
    pub fn new(
        function: &'static Function,
        backends: &Arc<Backends>,
        permits: Arc<Permits>,
        simulation: Arc<Simulation>,
        ended: Signal,
    ) -> Self {
        Self { function, backends: backends.clone(), permits, simulation, ended, idle: Mutex::default() }
    }

    fn instance(&self) -> Arc<Instance> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| self.new_instance())
    }

    fn new_instance(&self) -> Arc<Instance> {
        let off = if self.simulation.strikes(Fault::ClockOff) {
            SignedDuration::from_secs(self.simulation.draw(|rng| rng.i64(CLOCK_OFF_S)))
        } else {
            SignedDuration::ZERO
        };
        let clock: Arc<dyn Clock> = Arc::new(OffClock { clock: self.simulation.clock(), off });
        let connector = Connector::new(self.backends.clone(), self.permits.clone());
        let network = Network::new(connector, self.function.name, self.simulation.clone());
        let sdk = Sdk::simulated(self.backends.names.clone(), SharedHttpClient::new(network), clock.clone());
        let process_env = ProcessEnv {
            clock,
            log: Arc::new(Unread),
            issuer: Issuer { url: ISSUER.into(), audience: AUDIENCE.into() },
            shows_cost: false,
            settings: self.simulation.settings(),
        };
        let function = self.simulation.version_of(self.function);
        Arc::new(Instance { function, environment: Arc::new(Environment::new(&function.definition, sdk, process_env)) })
    }

    fn retire_or_keep(&self, instance: Arc<Instance>) {
        if !self.simulation.is_by_chance() || self.simulation.draw(|rng| rng.u8(..100)) >= RETIRED_PERCENT {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
        }
    }
}

impl Host for Fleet {
    fn run(&self, request_id: String, event: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>, RunError>> {
        Box::pin(async move {
            let instance = self.instance();
            let invocation = Arc::new(Invocation::new(self.simulation.next_invocation(), self.function.name));
            let ended = self.ended.clone();
            // On a task of its own: a function runs on when who called it has gone.
            let running = tokio::spawn({
                let (function, environment, invocation) = (instance.function, instance.environment.clone(), invocation.clone());
                let goes_on = self.simulation.goes_on();
                async move {
                    let _goes_on = goes_on;
                    let run = CURRENT.scope(invocation.clone(), run(function, environment, request_id, event));
                    tokio::select! {
                        biased;
                        () = ended.given() => None,
                        () = invocation.killed() => Some(Err(RunError::Failed("the function was killed".into()))),
                        ran = run => Some(ran),
                    }
                }
            });
            let ran = match running.await {
                Ok(Some(ran)) => ran,
                // The process has ended, and so has everything of it that waits for this.
                Ok(None) => std::future::pending().await,
                Err(panicked) => Err(RunError::Failed(panicked.to_string())),
            };
            if ran.is_ok() {
                self.retire_or_keep(instance);
            }
            self.simulation.note_of((invocation.number, ran.is_ok()), || {
                let outcome = match &ran {
                    Ok(_) => "ends".to_owned(),
                    Err(error) => format!("ends without a reply: {error}"),
                };
                format!("{:>6}  {}  {outcome}", invocation.number, invocation.function)
            });
            ran
        })
    }
}

/// A clock that is off.
#[derive(Debug)]
struct OffClock {
    clock: Arc<LocalClock>,
    off: SignedDuration,
}

impl Clock for OffClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(self.off).unwrap_or(now)
    }
}
