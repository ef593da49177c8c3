//! Koban's domain. Everything here is a plain function of its arguments: no AWS type, no I/O, no clock, no randomness and nothing
//! async, so that every decision can be tested without mocks, replayed by a simulator and trusted on a laptop and on AWS alike.
//!
//! It must not depend on any other crate of this workspace.

pub mod event;
pub mod hash;
pub mod id;
pub mod journal;
pub mod medals;
pub mod money;
pub mod racing;
pub mod topup;
pub mod wallet;
