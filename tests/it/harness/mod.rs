//! What the tests that cross services are made of.

pub use racing_testing::{
    Cost, Holds, Invocation, Race, Response, Target, User, all_at_once, bet, dividends, random_text, win, with_a_late_slip,
};
