//! The only delete there is: of personal items, such as names, memos and categories. No hash covers them, and they are deleted when their
//! person asks. A service declares their kinds. Lines and objects have no such kind and are never deleted.

use crate::context::Context;
use crate::resource::Personal;
use crate::store::{Key, StoreError};
use thiserror::Error;

/// Why an item was not deleted.
#[derive(Debug, Error)]
pub enum ForgetError {
    /// Its partition key is of another kind. A mistake in the code.
    #[error("{pk} is no personal item: their keys begin with {prefix}")]
    NotPersonal { pk: String, prefix: &'static str },
    /// It has a hash, as lines and objects have. A mistake in the code that wrote it.
    #[error("{pk}/{sk} has a hash and stays")]
    Hashed { pk: String, sk: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Personal {
    /// Whether `key` is of this kind.
    ///
    /// # Errors
    /// `NotPersonal` where it is not.
    pub fn check(&self, key: &Key) -> Result<(), ForgetError> {
        match key.pk.strip_prefix(self.prefix) {
            Some(rest) if !rest.is_empty() => Ok(()),
            _ => Err(ForgetError::NotPersonal { pk: key.pk.clone(), prefix: self.prefix }),
        }
    }
}

impl Context {
    /// Deletes a personal item, if it is there. Its stream has no event of that: relays publish what is written, not what is removed.
    ///
    /// # Errors
    /// When the key is of another kind, when the item has a hash, or when the table fails. Nothing was deleted then.
    ///
    /// # Panics
    /// When the function's definition does not list the kind; in debug builds also when the key is of another.
    pub async fn forget(&self, personal: &'static Personal, key: &Key) -> Result<(), ForgetError> {
        let declared = self.definition().forgets.iter().any(|declared| std::ptr::eq(declared, personal));
        assert!(declared, "{} does not forget {}", self.definition().name, personal.prefix);
        let checked = personal.check(key);
        debug_assert!(checked.is_ok(), "{checked:?}");
        checked?;
        if self.table(personal.table).delete_unhashed(key).await? {
            return Ok(());
        }
        Err(ForgetError::Hashed { pk: key.pk.clone(), sk: key.sk.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Table;

    static NOTES: Table = Table { name: "notes", doc: "", indexes: &[] };
    static MEMOS: Personal = Personal::of(&NOTES, "memo#");

    #[test]
    fn only_keys_of_the_kind_are_personal() {
        assert!(MEMOS.check(&Key::new("memo#usr_1", "line")).is_ok());
        for other in ["memo#", "memo", "memos#usr_1", "usr_1", "Memo#usr_1", " memo#usr_1", ""] {
            let refused = MEMOS.check(&Key::new(other, "memo#usr_1")).unwrap_err();
            assert!(matches!(refused, ForgetError::NotPersonal { .. }), "{other}");
        }
    }

    #[test]
    fn a_kind_is_a_plain_word_and_a_hash_sign() {
        for wrong in ["", "#", "memo", "me*o#", "m?#", "usr_#", "Memo#", "memo#a#"] {
            assert!(std::panic::catch_unwind(|| Personal::of(&NOTES, wrong)).is_err(), "{wrong}");
        }
    }
}
