//! Koban's local cloud and its command line.

pub mod cloud;
pub mod generate;
pub mod registry;
