//! What is known of a request's person, and what came of the check of them.

use crate::access::token::Token;
use crate::problem::Code;
use shared::id::UserId;
use std::sync::OnceLock;
use tokio::sync::OnceCell;

/// One invocation's check.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pub(super) person: OnceLock<Person>,
    pub(super) verdict: OnceCell<Verdict>,
}

#[derive(Debug)]
pub(crate) struct Person {
    pub(super) user: UserId,
    pub(super) token: Token,
}

/// What came of it. A problem cannot be copied, and several wait for it.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    Admitted,
    Refused(&'static Code),
    /// The gate could not be read.
    Failed(&'static Code, String),
}
