//! The functions of ops end to end, each in the file of its name, and the laws that hold of all of them.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod check_health;
mod examples;
mod get_openapi;

use cloud::Config;
use platform::Service;
use testing::Target;

testing::laws!(examples::Stage);

const SERVICES: &[&Service] = &[&ops::SERVICE];

/// A local cloud with another configuration; none, said aloud, when the suite runs against a deployed API.
async fn start_local_with(configure: impl FnOnce(&mut Config)) -> Option<Target> {
    Target::start_local_with(SERVICES, configure).await
}

/// The deployed API if there is one, else a local cloud of this test's own.
async fn start() -> Target {
    Target::start_with(SERVICES).await
}
