//! Koban's local cloud and its command line.

pub mod cli;
pub mod registry;
