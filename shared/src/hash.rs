//! One hash for the whole project: SHA-256 over length-prefixed parts, so that ("ab", "c") and ("a", "bc") never collide.

use sha2::{Digest, Sha256};

/// A SHA-256 digest: 32 bytes.
pub type Hash = [u8; 32];

/// Hashes `parts` in order, each preceded by its length in bytes as a big-endian u64.
pub fn of_parts(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The text form of every derived id: 26 lower-case base32 characters (RFC 4648, no padding). They hold the first 130 bits of a hash.
pub fn text(hash: &Hash) -> String {
    let mut text = data_encoding::BASE32_NOPAD.encode(&hash[..17]);
    text.truncate(26);
    text.make_ascii_lowercase();
    text
}

/// A place among `len`, evenly spread: 0 where there is none. It is below `len`.
pub fn place(hash: &Hash, len: usize) -> usize {
    let [first, second, third, fourth, ..] = *hash;
    u32::from_be_bytes([first, second, third, fourth]) as usize % len.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(of_parts(&[b"ab", b"c"]), of_parts(&[b"a", b"bc"]));
        assert_ne!(of_parts(&[b"ab"]), of_parts(&[b"ab", b""]));
    }

    #[test]
    fn text_has_130_bits_of_base32() {
        let text = text(&of_parts(&[b"koban"]));
        assert_eq!(text.len(), 26);
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b)));
    }
}
