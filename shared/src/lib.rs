//! What every domain of Koban shares: money, the journal, ids, hashes, the envelope of events. The domains are crates beneath this one.
//! Everything here is a plain function of its arguments: no AWS type, no I/O, no clock, no randomness and nothing async. So tests need no
//! mocks, a simulator can replay each decision, and a laptop decides exactly as AWS does.
//!
//! It must not depend on any other crate of this workspace.
//!
//! The one exception is the switch of [`planted`], which only tests are built with.

pub mod calendar;
pub mod event;
pub mod hash;
pub mod id;
pub mod journal;
pub mod money;
pub mod planted;
