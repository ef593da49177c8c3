//! The queues of example and what their messages say. A message names an object, never an amount: the worker reads the truth.

use platform::resource::Queue;
use serde::{Deserialize, Serialize};

/// Say in a line what waits here.
pub static COUNTED_CARDS: Queue<CountedCards> = Queue::new("counted-cards", "Say in a line what waits here.");

/// Say here what one message names: an id and a version, never an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedCards {}
