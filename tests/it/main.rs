//! Everything that is tested across crates: the house rules, the generated files, the independent oracle, and every function end to
//! end through the HTTP API of a running cloud.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod budgets;
mod contention;
mod costs_page;
mod example;
mod faults;
mod functions;
mod garbage;
mod generated;
mod grants;
mod growth;
mod harness;
mod house;
mod links;
mod operations;
mod oracle;
mod poison;
mod refusals;
mod replays;
mod scaffold;
mod secrets;
mod settlement;
mod strictness;
mod traces;
mod unsettled;
