//! What every end-to-end test stands on: a cloud to test, people who use it, races to bet on. A test starts its own local cloud, in its
//! own process and directory, or, with `KOBAN_TEST_URL`, uses a deployed API; it says the same either way. Time passes by setting the
//! clock here and by waiting there.

mod client;
mod contract;
mod feed;
mod holds;
mod jobs;
mod log;
mod pages;
mod race;
mod routes;
mod target;
mod user;

pub use client::{Cost, Response};
pub use futures_util::future::join_all as all_at_once;
pub use holds::Holds;
pub use log::Invocation;
pub use pages::Pages;
pub use race::{Race, bet, dividends, time, win};
pub use routes::{Request, Stage};
pub use target::{Target, random_text};
pub use user::User;
