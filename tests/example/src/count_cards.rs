//! The worker of the queue counted-cards: say here what it does, and what holds when a message comes twice.

use crate::messages::{COUNTED_CARDS, CountedCards};
use crate::prelude::*;

pub static FUNCTION: Function = Function::worker("count-cards", &COUNTED_CARDS)
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .handled_by(job!(count));

async fn count(_context: &Context, _message: CountedCards) -> Result<(), Failure> {
    // A message fails until this is written. It comes again, and in the end it goes to the dead-letter queue.
    Err(Failure::new("count-cards is not written"))
}
