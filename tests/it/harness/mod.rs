//! What every end-to-end test stands on: what is of no service is in the crate `testing`; here are races to bet on and an example of each
//! route.

mod api;
mod bettor;
mod feed;
mod payout;
mod race;
mod routes;

pub use api::Target;
pub use bettor::User;
pub use race::{Race, bet, dividends, time, win};
pub use routes::{Request, Stage};
pub use testing::{Cost, Holds, Invocation, LosesMessagesTo, Pages, Response, all_at_once, random_text};
