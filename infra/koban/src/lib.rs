//! Koban's local cloud and its command line.

pub mod boatrace;
mod cargo;
pub mod cli;
pub mod cost;
pub mod feed;
pub mod generate;
pub mod package;
pub mod registry;
pub mod scaffold;
pub mod verify;
