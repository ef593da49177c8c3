//! What end-to-end tests are made of: a cloud to test and people who use it. A test starts its own local cloud with the services that it
//! needs, in its own process and directory. With `KOBAN_TEST_URL` the same test uses a deployed API. A local test sets the clock to let
//! time pass; a deployed one waits.

#![expect(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that finds something else says so and fails")]

mod client;
mod contract;
mod disturb;
mod jobs;
pub mod laws;
mod log;
mod pages;
mod target;
mod user;

pub use client::{Client, Cost, Response, time};
pub use disturb::{Holds, LosesMessagesTo};
pub use futures_util::future::join_all as all_at_once;
pub use log::Invocation;
pub use pages::Pages;
pub use target::{NOT_RUN, RESENT, Target, random_text};
pub use user::User;
