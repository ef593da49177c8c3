//! A small HTTP client of Koban's API, and of what only a local cloud can be asked.

pub mod error;
pub mod http;
mod interrupt;
pub mod local;

pub use error::ClientError;
pub use interrupt::or_interrupted;
