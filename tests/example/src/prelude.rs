//! What the function files of example use.

pub use platform::prelude::*;
