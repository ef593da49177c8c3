//! The wallet's domain: what a person has, how money and medals come in, and the events of it. Pure decisions only.

pub mod event;
pub mod medals;
pub mod topup;
mod wallet;

pub use wallet::*;
