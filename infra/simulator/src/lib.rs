//! Koban's deterministic simulation: the real functions, with the real AWS SDK in them, in one process under a seeded scheduler. Time is
//! virtual, chance is seeded, and faults are injected at the SDK's connector, the queues, the streams and the clocks. A service is in it by
//! being in the registry, with one file that says what its users do.
//!
//! The same seed of the same code has the same history, in any process.

mod books;
mod deliveries;
mod fault;
mod fleet;
mod history;
mod injector;
mod invocation;
pub mod matrix;
mod network;
mod outbox;
mod reduce;
mod registry;
mod run;
pub mod seeds;
mod simulation;
mod size;
mod start;
mod stored;
mod world;

pub use books::Books;
pub use fault::{Fault, Rates};
pub use reduce::{command, reduce};
pub use registry::{Path, Play, Registry, Workload};
pub use run::{Outcome, Seed, SimulationError, run};
pub use size::Size;
pub use world::{Answer, Ask, World};
