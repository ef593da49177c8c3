//! What nearly every function file uses. A service's own prelude adds its tables and queues.

pub use crate::Function;
pub use crate::context::Context;
pub use crate::function::{
    Action::{BatchGetItem, GetItem, PutInTransaction, PutItem, Query, QueryIndex},
    calls, wru,
};
pub use crate::http::{
    Accepted, ApiKey, Body, Created, Csv, Html, Intent, Json, KeyIntent, List, Member, NoContent, Paging, Path, Pdf, Png,
    Redirect, SignedMessage, Staff, Text, Typed,
};
pub use crate::message::{Delivery, Failure};
pub use crate::once::Done;
pub use crate::problem::{self, Problem};
pub use crate::refusal::{Contention, NotFound, Refusals, Refused};
pub use crate::relay::{Change, Unmappable};
pub use crate::store::{Key, Record, Write, WriteError, write};
pub use crate::{http, job, refusals, relay, sweep};
pub use jiff::{SignedDuration, Timestamp};
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};
pub use shared::id::UserId;
pub use std::time::Duration;
