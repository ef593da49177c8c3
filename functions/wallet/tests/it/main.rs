//! The wallet's functions end to end, each in the file of its name, and the laws that hold of all of them.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod collect_topup;
mod create_topup;
mod examples;
mod get_medals;
mod get_topup;
mod get_wallet;
mod grant_medals;
mod list_wallet_lines;
mod relay_wallet;
mod sweep_topups;

use cloud::Config;
use platform::Service;
use testing::Target;

testing::laws!(examples::Stage);

const SERVICES: &[&Service] = &[&wallet::SERVICE];

/// The deployed API if there is one, else a local cloud of this test's own.
async fn start() -> Target {
    Target::start_with(SERVICES).await
}

/// A local cloud of this test's own; none, said aloud, when the suite runs against a deployed API.
async fn start_local() -> Option<Target> {
    start_local_with(|_| ()).await
}

/// The same with another configuration.
async fn start_local_with(configure: impl FnOnce(&mut Config)) -> Option<Target> {
    Target::start_local_with(SERVICES, configure).await
}
