//! What every domain of Koban shares: money, the journal, ids, hashes, the envelope of events. The domains are crates beneath this one.
//! Everything here is a plain function of its arguments: no AWS type, no I/O, no clock, no randomness and nothing
//! async, so that every decision can be tested without mocks, replayed by a simulator and trusted on a laptop and on AWS alike.
//!
//! It must not depend on any other crate of this workspace.

pub mod calendar;
pub mod event;
pub mod hash;
pub mod id;
pub mod journal;
pub mod money;
