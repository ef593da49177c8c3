//! A sketch of the slips of a shard: their number, and the XOR of their hashes in 16 buckets, in a few hundred bytes. A slip can be
//! committed after its shard began to be paid. Settlement must find it among thousands without a stored list. It does so by set
//! reconciliation: the sketch of then XOR the sketch of now is the XOR of the uncounted slips' hashes. One or two uncounted slips of a
//! bucket are always identified, and more when they are among its newest slips, as late ones are. An ambiguous difference is an error,
//! never a guess.

use serde::{Deserialize, Serialize};
use shared::hash;
use std::collections::HashMap;
use thiserror::Error;

const BUCKETS: usize = 16;
/// Among how many of a bucket's newest slips more than two uncounted ones are identified. 64 hashes make 2^64 sums among 2^124 possible
/// ones, so by chance no other set has the same sum.
const NEWEST: usize = 64;

/// How many slips there were, and the XOR of their hashes by bucket. 344 characters of base64 and a number when stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlipSketch {
    pub count: u32,
    #[serde(with = "as_base64")]
    buckets: [u128; BUCKETS],
}

/// Why the uncounted slips cannot be identified. Nothing more is paid of the shard until a person has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SketchError {
    #[error("{counted} slips were counted and only {present} are present: slips are missing")]
    Missing { counted: u32, present: usize },
    #[error(
        "more slips changed since the count than can be identified: mark the late ones by hand, as docs/decisions/0005-census.md says, \
         then redrive settle-shard"
    )]
    Ambiguous,
}

impl SlipSketch {
    /// Counts slips by the tails of their ids ([`super::SlipId::tail`]), in any order; each slip must come once.
    pub fn of<'a>(tails: impl IntoIterator<Item = &'a str>) -> Self {
        let mut sketch = Self::default();
        for tail in tails {
            let hash = hash_of(tail);
            sketch.count += 1;
            sketch.buckets[bucket_of(hash)] ^= hash;
        }
        sketch
    }

    /// The slips present now that were not counted: their indices in `tails`, ascending. `tails` has the newest slip first.
    pub fn uncounted(&self, tails: &[&str]) -> Result<Vec<usize>, SketchError> {
        let counted = usize::try_from(self.count).map_err(|_| SketchError::Ambiguous)?;
        let Some(expected) = tails.len().checked_sub(counted) else {
            return Err(SketchError::Missing { counted: self.count, present: tails.len() });
        };
        let present = Self::of(tails.iter().copied());
        let mut uncounted = Vec::new();
        for (bucket, (now, then)) in present.buckets.iter().zip(&self.buckets).enumerate() {
            uncounted.extend(uncounted_of_bucket(now ^ then, bucket, tails)?);
        }
        uncounted.sort_unstable();
        // A slip that vanished and one that came, or an even number with no trace, would show here.
        if uncounted.len() == expected { Ok(uncounted) } else { Err(SketchError::Ambiguous) }
    }
}

/// The slips of the bucket whose hashes make up `difference`: one or two of all, or any number of the newest.
fn uncounted_of_bucket(difference: u128, bucket: usize, tails: &[&str]) -> Result<Vec<usize>, SketchError> {
    if difference == 0 {
        return Ok(Vec::new());
    }
    let mut seen = HashMap::new();
    let mut pair = None;
    let mut newest = Vec::with_capacity(NEWEST);
    let hashes = tails.iter().map(|tail| hash_of(tail)).enumerate();
    for (index, hash) in hashes.filter(|(_, hash)| bucket_of(*hash) == bucket) {
        if newest.len() < NEWEST {
            newest.push((index, hash));
        }
        if hash == difference {
            return Ok(vec![index]);
        }
        if let Some(other) = seen.get(&(hash ^ difference)) {
            pair = Some(vec![*other, index]);
        }
        seen.insert(hash, index);
    }
    pair.or_else(|| summands(difference, &newest)).ok_or(SketchError::Ambiguous)
}

/// The places of the `hashes` whose XOR is `sum`, by elimination; none when there is no such set, or more than one.
fn summands(sum: u128, hashes: &[(usize, u128)]) -> Option<Vec<usize>> {
    // Each value with the set of hashes, as bits, that it is the XOR of. None has the leading bit of one before it.
    let mut eliminated: Vec<(u128, u64)> = Vec::with_capacity(hashes.len());
    let reduce = |eliminated: &[(u128, u64)], value: u128, of: u64| {
        eliminated.iter().fold((value, of), |(value, of), (other, others)| {
            let has_its_leading_bit = value ^ other < value;
            if has_its_leading_bit { (value ^ other, of ^ others) } else { (value, of) }
        })
    };
    for (bit, (_, hash)) in hashes.iter().enumerate() {
        let reduced = reduce(&eliminated, *hash, 1 << bit);
        if reduced.0 == 0 {
            return None;
        }
        eliminated.push(reduced);
    }
    let (left, of) = reduce(&eliminated, sum, 0);
    let places = hashes.iter().enumerate().filter(|(bit, _)| of >> bit & 1 == 1).map(|(_, (place, _))| *place);
    (left == 0).then(|| places.collect())
}

/// 128 bits: by chance, two slips of a shard never share them, nor do two pairs of slips share their XOR.
fn hash_of(tail: &str) -> u128 {
    let hash = hash::of_parts(&[b"census", tail.as_bytes()]);
    hash.iter().take(16).fold(0, |value, byte| value << 8 | u128::from(*byte))
}

fn bucket_of(hash: u128) -> usize {
    (hash % BUCKETS as u128) as usize
}

mod as_base64 {
    use super::BUCKETS;
    use data_encoding::BASE64URL_NOPAD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(buckets: &[u128; BUCKETS], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = buckets.iter().flat_map(|bucket| bucket.to_be_bytes()).collect();
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u128; BUCKETS], D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let (buckets, rest) = bytes.as_chunks::<16>();
        let buckets: Vec<_> = buckets.iter().map(|bucket| u128::from_be_bytes(*bucket)).collect();
        buckets.try_into().ok().filter(|_| rest.is_empty()).ok_or_else(|| D::Error::custom("16 buckets of 16 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tails(numbers: std::ops::Range<u32>) -> Vec<String> {
        numbers.map(|number| hash::text(&hash::of_parts(&[&number.to_be_bytes()]))).collect()
    }

    fn refs(tails: &[String]) -> Vec<&str> {
        tails.iter().map(String::as_str).collect()
    }

    /// The uncounted slips of `present`, by the sketch of the slips 0 to `counted`.
    fn uncounted(counted: u32, present: &[String]) -> Result<Vec<usize>, SketchError> {
        SlipSketch::of(refs(&tails(0..counted))).uncounted(&refs(present))
    }

    #[test]
    fn nobody_is_a_stranger_in_whichever_order() {
        let mut present = tails(0..2_500);
        present.reverse();
        assert_eq!(uncounted(2_500, &present), Ok(vec![]));
        assert_eq!(uncounted(0, &[]), Ok(vec![]));
    }

    #[test]
    fn late_slips_are_named() {
        for late in 1..=4 {
            let mut present = tails(0..2_500 + late);
            present.rotate_right(late as usize);
            assert_eq!(uncounted(2_500, &present), Ok((0..late as usize).collect()), "{late} late slips");
        }
        assert_eq!(uncounted(0, &tails(0..1)), Ok(vec![0]));
    }

    #[test]
    fn two_in_one_bucket_are_identified_and_three_old_ones_are_not_guessed() {
        let counted = tails(0..2_500);
        let same_bucket: Vec<_> = tails(2_500..3_000).into_iter().filter(|tail| bucket_of(hash_of(tail)) == 3).collect();
        let oldest = |late: usize| [counted.as_slice(), &same_bucket[..late]].concat();
        assert_eq!(uncounted(2_500, &oldest(2)), Ok(vec![2_500, 2_501]));
        assert_eq!(uncounted(2_500, &oldest(3)), Err(SketchError::Ambiguous));
    }

    #[test]
    fn any_number_of_the_newest_are_identified() {
        let counted = tails(0..2_500);
        let late = tails(2_500..3_000);
        for count in [0, 3, 16, 100, 500] {
            // Among slips that were counted and placed as late.
            let present = [&counted[..100], &late[..count], &counted[100..]].concat();
            assert_eq!(uncounted(2_500, &present), Ok((100..100 + count).collect()), "{count} late slips");
        }
        let same_bucket: Vec<_> = late.into_iter().filter(|tail| bucket_of(hash_of(tail)) == 3).collect();
        assert!(same_bucket.len() > 20);
        let present = [&same_bucket[..], &counted].concat();
        assert_eq!(uncounted(2_500, &present), Ok((0..same_bucket.len()).collect()));
    }

    #[test]
    fn sums_that_no_set_or_two_sets_of_hashes_make_are_ambiguous() {
        let hashes = [(7, 0b0110), (8, 0b1010), (9, 0b0001)];
        assert_eq!(summands(0b1101, &hashes), Some(vec![7, 8, 9]));
        assert_eq!(summands(0b1011, &hashes), Some(vec![8, 9]));
        assert_eq!(summands(0b0100, &hashes), None);
        assert_eq!(summands(0b1100, &[(0, 0b0110), (1, 0b1010), (2, 0b1100)]), None);
    }

    #[test]
    fn missing_slips_are_noticed() {
        assert_eq!(uncounted(500, &tails(0..499)), Err(SketchError::Missing { counted: 500, present: 499 }));
        assert_eq!(uncounted(500, &tails(1..501)), Err(SketchError::Ambiguous), "one vanished and one came");
    }

    #[test]
    fn its_stored_form_is_short_and_reads_back() {
        let sketch = SlipSketch::of(refs(&tails(0..2_500)));
        let json = serde_json::to_string(&sketch).unwrap();
        assert!(json.len() < 400, "{} bytes", json.len());
        assert_eq!(serde_json::from_str::<SlipSketch>(&json).unwrap(), sketch);
        assert!(serde_json::from_str::<SlipSketch>(r#"{"count":1,"buckets":"AAAA"}"#).is_err());
    }
}
