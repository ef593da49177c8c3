//! How large a seed is.

/// How much one seed does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub people: u32,
    /// They act until they have done so much together. What they have begun they end, so a few more are done.
    pub operations: u32,
}
