//! What is simulated: the services, their proofs, and what each service's users do.

use super::size::Size;
use super::world::World;
use futures_util::future::BoxFuture;
use platform::Service;
use platform::context::Settings;
use platform::service::functions_of;
use proofs::Definition;
use std::sync::Arc;

/// Everything that is simulated together.
#[derive(Clone, Copy)]
pub struct Registry {
    pub services: &'static [&'static Service],
    pub proofs: &'static [&'static Definition],
    pub workloads: &'static [&'static Workload],
    /// Another version of the services, whose functions run beside these on the same tables: each instance is of either.
    pub other_version: Option<&'static [&'static Service]>,
}

impl Registry {
    /// The choices of the environment: a laptop's, and what the workloads choose instead.
    pub(super) fn settings(self) -> Settings {
        let read = functions_of(self.services).flat_map(|function| &function.settings);
        let mut settings: Settings = read.map(|setting| (setting.name.to_owned(), setting.local.to_owned())).collect();
        let chosen = self.workloads.iter().flat_map(|workload| workload.settings);
        settings.extend(chosen.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        settings
    }
}

/// A service's part of the simulation.
pub struct Workload {
    pub service: &'static str,
    /// Begins a seed: it draws what its users will do.
    pub begin: fn(&World, Size) -> Arc<dyn Play>,
    /// Choices of the environment that differ from a laptop's, by name.
    pub settings: &'static [(&'static str, &'static str)],
    /// Members of stored items that differ when something was tried again, beside times.
    pub varies: &'static [&'static str],
    /// Examples of every path through the service's functions, for the crash matrix.
    pub paths: &'static [Path],
}

/// What a service's users and the outside world do in one seed.
pub trait Play: Send + Sync {
    /// They all act at once.
    fn actors(self: Arc<Self>, world: &World) -> Vec<BoxFuture<'static, ()>>;

    /// Whether everything that was begun has come to its end.
    fn is_done<'a>(&'a self, world: &'a World) -> BoxFuture<'a, bool>;

    /// Posts to the reference model, at rest, what must have come of everything. All services do so before the first one checks.
    fn account<'a>(&'a self, world: &'a World) -> BoxFuture<'a, ()>;

    /// Looks, at rest, whether everything is as it must be. What is not is a violation of the world.
    fn check<'a>(&'a self, world: &'a World) -> BoxFuture<'a, ()>;
}

/// An example that leads through functions.
pub struct Path {
    /// `a slip that the wallet cannot pay is refused`
    pub name: &'static str,
    /// The functions whose calls are struck.
    pub of: &'static [&'static str],
    /// Plays it to its end, on an empty world without other faults. It returns what callers were answered in the end.
    pub play: fn(World) -> BoxFuture<'static, Vec<String>>,
}
