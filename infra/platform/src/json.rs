//! JSON from outside: bodies, cursors and messages. `serde_json` alone is more lenient than the schemas that Koban documents. It reads
//! `["JPY",1000]` as an object of two fields, and `{"win":null}` as the word `"win"`. Of two equal names it takes the last. Here each of
//! them is refused at its place. What Koban stores itself is read by `serde_json` alone (docs/decisions/0014-strict-input.md).

mod strict;

use self::strict::Strict;
use crate::problem::Problem;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::{Path, Segment, Track};
use std::collections::HashSet;
use std::fmt;
use thiserror::Error;

/// How many arrays and objects may be inside each other.
pub const DEPTH_MAX: usize = 64;
/// The longest pointer and the longest detail of a fault, in bytes: a caller's own text comes back in them.
const TEXT_BYTES_MAX: usize = 512;

/// What is wrong with a JSON text, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}: {detail}", place(.pointer))]
pub struct Fault {
    /// A JSON pointer (RFC 6901); empty for the whole text.
    pub pointer: String,
    pub detail: String,
}

impl Fault {
    fn new(pointer: String, detail: String) -> Self {
        Self { pointer: shortened(pointer), detail: shortened(detail) }
    }

    fn at(path: &Path, error: &serde_json::Error) -> Self {
        Self::new(pointer(path), error.to_string())
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::field(fault.pointer, fault.detail)
    }
}

/// The one JSON value in `bytes`, as `T`.
///
/// An object is read from an object alone, and a word of an enum from a string alone. No name occurs twice in an object, known or
/// not.
///
/// # Errors
/// When the bytes are not UTF-8, not one JSON value, nested deeper than [`DEPTH_MAX`], or not of the form of `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Fault::new(String::new(), format!("not UTF-8 after {} bytes", error.valid_up_to())))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    let form = Form { depth: 0 }.deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track));
    form.map_err(|error| Fault::at(&track.path(), &error))?;
    reader.end().map_err(|_| Fault::new(String::new(), "there is more after the JSON value".into()))?;

    let mut reader = serde_json::Deserializer::from_str(text);
    let mut track = Track::new();
    // The strict reader is outside, so that a word which is a member's name is in the path as well.
    let value = T::deserialize(Strict::new(serde_path_to_error::Deserializer::new(&mut reader, &mut track)));
    value.map_err(|error| Fault::at(&track.path(), &error))
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "the whole value" } else { pointer }
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.extend(["/", &index.to_string()]),
            Segment::Map { key } => pointer.extend(["/", &key.replace('~', "~0").replace('/', "~1")]),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn shortened(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Looks at the form of a value: how deep it is, and that no name occurs twice.
#[derive(Clone, Copy)]
struct Form {
    depth: usize,
}

impl Form {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Form {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Form {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while elements.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.insert(name) {
                members.next_value_seed(inner)?;
            } else {
                members.next_value_seed(Twice)?;
            }
        }
        Ok(())
    }
}

/// The value of a name that occurred before: its place is the fault's.
struct Twice;

impl<'de> DeserializeSeed<'de> for Twice {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("this name occurs twice in its object"))
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
