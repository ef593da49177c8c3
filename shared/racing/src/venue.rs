//! A venue's number, which is part of a race's id.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The numbers that venues have.
pub const VENUES: RangeInclusive<u8> = 1..=99;

/// The number of a venue, 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Venue(pub u8);

/// A text that is no venue's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 99")]
pub struct VenueError;

impl std::str::FromStr for Venue {
    type Err = VenueError;

    fn from_str(text: &str) -> Result<Self, VenueError> {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| is_digits && VENUES.contains(number));
        number.map(Self).ok_or(VenueError)
    }
}

impl JsonSchema for Venue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Venue".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": VENUES.start(), "maximum": VENUES.end()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_venue_is_1_to_99() {
        assert_eq!(("1".parse(), "99".parse()), (Ok(Venue(1)), Ok(Venue(99))));
        for wrong in ["0", "100", "+1", "-1", "", "one", "1.0"] {
            assert_eq!(wrong.parse::<Venue>(), Err(VenueError), "{wrong}");
        }
    }
}
