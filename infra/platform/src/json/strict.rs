//! A reader between `serde_json` and a type, which takes objects and words only in their documented form, at any depth.
//!
//! `serde` buffers the fields of tagged, flattened and untagged types in a value of its own, where this reader cannot see how they are
//! read. So it refuses to fill such a buffer; of an enum that is tagged inside, it fills it with anything but objects. A type that
//! needs more fails at the first body that it is tried with.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::fmt;

/// What `serde_derive` says that the reader of an internally tagged enum expects.
const TAGGED: &str = "internally tagged enum ";
/// What `serde` says that its buffer expects.
const BUFFER: &str = "any value";

/// Where in a type the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Where each type is read by its own reader.
    Plain,
    /// Within an enum that is tagged inside.
    Tagged,
}

/// Anything of `serde` with the strict reader around it: a reader, a visitor, a seed, an access to elements or members.
pub struct Strict<T> {
    of: T,
    inside: Inside,
}

impl<T> Strict<T> {
    pub const fn new(of: T) -> Self {
        Self { of, inside: Inside::Plain }
    }

    fn around<U>(&self, of: U) -> Strict<U> {
        Strict { of, inside: self.inside }
    }
}

/// Readers that pass on what they are asked for.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*);)+) => {$(
        fn $name<V: Visitor<'de>>(self $(, $argument: $kind)*, visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.around(visitor);
            self.of.$name($($argument,)* visitor)
        }
    )+};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    pass_on! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_map();
        deserialize_identifier();
        deserialize_ignored_any();
    }

    /// An object alone: `serde_json` would take an array of the fields as well.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let variants = Variants(self.around(visitor));
        self.of.deserialize_any(variants)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let expected = Expected(&visitor).to_string();
        if expected.starts_with(TAGGED) {
            return self.of.deserialize_map(Strict { of: visitor, inside: Inside::Tagged });
        }
        match (expected == BUFFER, self.inside) {
            (true, Inside::Plain) => Err(D::Error::custom("types that are flattened or untagged are not read from outside")),
            (true, Inside::Tagged) => self.of.deserialize_any(NoObject(Strict { of: visitor, inside: Inside::Tagged })),
            (false, _) => {
                let visitor = self.around(visitor);
                self.of.deserialize_any(visitor)
            }
        }
    }

    fn is_human_readable(&self) -> bool {
        self.of.is_human_readable()
    }
}

/// What a visitor expects, as text.
struct Expected<'a, V>(&'a V);

impl<'de, V: Visitor<'de>> fmt::Display for Expected<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

/// Visitors that hand on plain values.
macro_rules! hand_on {
    ($self:ident => $visitor:expr; $($name:ident: $kind:ty,)+) => {$(
        fn $name<E: Error>($self, value: $kind) -> Result<V::Value, E> {
            $visitor.$name(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.of.expecting(f)
    }

    hand_on! { self => self.of;
        visit_bool: bool,
        visit_i64: i64,
        visit_i128: i128,
        visit_u64: u64,
        visit_u128: u128,
        visit_f64: f64,
        visit_str: &str,
        visit_borrowed_str: &'de str,
        visit_string: String,
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.of.visit_unit()
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.of.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        let reader = self.around(reader);
        self.of.visit_some(reader)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        let reader = self.around(reader);
        self.of.visit_newtype_struct(reader)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        let elements = self.around(elements);
        self.of.visit_seq(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let members = self.around(members);
        self.of.visit_map(members)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        let reader = self.around(reader);
        self.of.deserialize(reader)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.around(seed);
        self.of.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.of.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.around(seed);
        self.of.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.around(seed);
        self.of.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.of.size_hint()
    }
}

/// A buffer that takes anything but an object.
struct NoObject<V>(Strict<V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for NoObject<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without objects")
    }

    hand_on! { self => self.0;
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
        visit_borrowed_str: &'de str,
        visit_string: String,
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(elements)
    }
}

/// The variants of an enum: a word is a string, and a variant with fields is an object of one member.
struct Variants<V>(Strict<V>);

impl<'de, V: Visitor<'de>> Visitor<'de> for Variants<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<V::Value, E> {
        let word: StrDeserializer<'_, E> = word.into_deserializer();
        self.0.of.visit_enum(word)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let variant = Variant(self.0.around(members));
        self.0.of.visit_enum(variant)
    }
}

/// An object whose one member is a variant with its fields.
struct Variant<A>(Strict<A>);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Variant<A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), A::Error> {
        let name = self.0.next_key::<String>()?;
        let name = name.ok_or_else(|| A::Error::invalid_type(Unexpected::Map, &"an object of one member"))?;
        // What names no variant is a fault of the whole object.
        Ok((seed.deserialize(name.into_deserializer())?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Variant<A> {
    type Error = A::Error;

    fn unit_variant(mut self) -> Result<(), A::Error> {
        self.0.next_value_seed(NoFields)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Fields(visitor, Some(length)))
    }

    fn struct_variant<V: Visitor<'de>>(mut self, _: &'static [&'static str], visitor: V) -> Result<V::Value, A::Error> {
        self.0.next_value_seed(Fields(visitor, None))
    }
}

/// The fields of a word, which has none.
struct NoFields;

impl<'de> DeserializeSeed<'de> for NoFields {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(D::Error::custom("this word is written as a string, not as an object"))
    }
}

/// The fields of a variant: so many in an array, or an object.
struct Fields<V>(V, Option<usize>);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Fields<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        match self.1 {
            Some(length) => reader.deserialize_tuple(length, self.0),
            None => reader.deserialize_map(self.0),
        }
    }
}
