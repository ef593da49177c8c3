//! What is tested across services: the house rules, the generated files, the independent oracle of settlement, faults, growth, budgets.
//! Each service tests its own functions.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod access;
mod budgets;
mod circles;
mod contention;
mod costs_page;
mod example;
mod faults;
mod generated;
mod growth;
mod harness;
mod house;
mod links;
mod operations;
mod oracle;
mod parts;
mod prose;
mod scaffold;
mod settlement;
mod simulation;
mod traces;
mod unsettled;
