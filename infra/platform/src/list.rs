//! A short list that a `const` can grow: what a definition names of one kind. Its bound is part of its type, so that a definition which
//! names more does not compile.

/// At most `N` items, in the order in which they were added.
#[derive(Clone, Copy)]
pub struct List<T: Copy, const N: usize> {
    items: [Option<T>; N],
    len: usize,
}

impl<T: Copy, const N: usize> List<T, N> {
    pub const EMPTY: Self = Self { items: [None; N], len: 0 };

    /// The list with one item more.
    ///
    /// # Panics
    /// When it is full. Lists are made at compile time, so this is a compile error.
    #[must_use]
    pub const fn with(mut self, item: T) -> Self {
        assert!(self.len < N, "this definition names more than its list takes");
        self.items[self.len] = Some(item);
        self.len += 1;
        self
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = T> + use<T, N> {
        self.items.into_iter().flatten()
    }
}

impl<T: Copy, const N: usize> IntoIterator for &List<T, N> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<T>, N>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter().flatten()
    }
}

impl<T: Copy + std::fmt::Debug, const N: usize> std::fmt::Debug for List<T, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_the_order_and_its_bound() {
        const TWO: List<u8, 2> = List::EMPTY.with(7).with(3);
        assert_eq!(TWO.iter().collect::<Vec<_>>(), [7, 3]);
        assert!(std::panic::catch_unwind(|| TWO.with(1)).is_err());
    }
}
