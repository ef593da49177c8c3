//! Every service of Koban. Adding one here gives it its routes, grants, queues, tables, wiring and documents; nothing else in this
//! crate names a service.

use demo::DemoPart;
use platform::Function;
use platform::Service;
use platform::resource::{QueueSpec, Secret};
use platform::service::functions_of;
use proofs::Definition;
use simulator::{Registry, Workload};

pub const SERVICES: &[&Service] = &[&ops::SERVICE, &wallet::SERVICE, &racing::SERVICE];

/// The proofs of every service that stores something: `koban verify` runs them together.
pub const PROOFS: &[&Definition] = &[&wallet_proofs::PROOF, &racing_proofs::PROOF];

/// What `koban demo` can play. The first one is played when none is named: it is of all services together.
pub const DEMO: &[&dyn DemoPart] = &[&racing_demo::RaceDays, &wallet_demo::Wallets];

/// What users of every service do in a simulation.
pub const WORKLOADS: &[&Workload] = &[&wallet_workload::WORKLOAD, &racing_workload::WORKLOAD];

/// Everything that is simulated.
pub const SIMULATED: Registry = Registry { services: SERVICES, proofs: PROOFS, workloads: WORKLOADS, other_version: None };

/// Every function of every service.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    functions_of(SERVICES)
}

/// Every queue that a function consumes: each has a dead-letter queue.
pub fn consumed_queues() -> impl Iterator<Item = &'static QueueSpec> {
    functions().filter_map(|function| function.consumes())
}

/// The secret of that name.
pub fn secret(name: &str) -> Option<&'static Secret> {
    SERVICES.iter().flat_map(|service| service.secrets()).find(|secret| secret.name == name)
}

/// The function of that name.
pub fn function(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}
