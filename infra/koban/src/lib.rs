//! Koban's local cloud and its command line.

pub mod boatrace;
pub mod cli;
pub mod cost;
pub mod feed;
pub mod registry;
