//! What end-to-end tests of racing are made of: a cloud with races to bet on, people who bet, a race office's side of the API. It is for
//! racing's own tests and for those that cross services.

#![expect(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test that finds something else says so and fails")]

mod api;
mod bettor;
mod feed;
mod payout;
mod race;
mod scenes;

pub use api::{SERVICES, Target};
pub use bettor::User;
pub use race::{Race, bet, dividends, win};
pub use scenes::with_a_late_slip;
pub use testing::{Cost, Holds, Invocation, LosesMessagesTo, Pages, Response, all_at_once, random_text, time};
