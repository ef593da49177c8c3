//! A race's id says which race it is: the day, the venue and the number of the race there. Feeds and people name races so, and an
//! id in a log needs no look-up.

use crate::venue::VENUES;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::id::IdError;

const EXPECTED: IdError = IdError { expected: "a race id (rac_YYYYMMDD-VV-RR: the day, the venue 01-99, the race 01-12)" };

/// The form of a [`RaceId::key`] as a regular expression. It takes the 29th of February of any year; the id takes days that exist.
pub(crate) const KEY_PATTERN: &str = concat!(
    "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)",
    "((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|[12][0-9]))",
    "-(0[1-9]|[1-9][0-9])-(0[1-9]|1[0-2])"
);

/// `rac_20251226-03-01`: the first race of the day at venue 3. Each race has exactly one id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = format!("^{}{KEY_PATTERN}$", Self::PREFIX)))]
pub struct RaceId {
    date: Date,
    venue: u8,
    number: u8,
}

impl RaceId {
    pub const PREFIX: &'static str = "rac_";

    /// Race `number` (1 to 12) of the day `date` at `venue` (1 to 99), by the local calendar of the venue.
    pub fn new(date: Date, venue: u8, number: u8) -> Result<Self, IdError> {
        // Four digits of the year, as the text has.
        if date.year() < 1 || !VENUES.contains(&venue) || !(1..=12).contains(&number) {
            return Err(EXPECTED);
        }
        Ok(Self { date, venue, number })
    }

    pub const fn date(self) -> Date {
        self.date
    }

    pub const fn venue(self) -> u8 {
        self.venue
    }

    pub const fn number(self) -> u8 {
        self.number
    }

    /// The text without its prefix, for keys and for ids that name a race: `20251226-03-01`.
    pub fn key(self) -> String {
        let (year, month, day) = (self.date.year(), self.date.month(), self.date.day());
        format!("{year:04}{month:02}{day:02}-{:02}-{:02}", self.venue, self.number)
    }

    /// The race of a [`Self::key`].
    pub fn from_key(key: &str) -> Result<Self, IdError> {
        Self::parse_key(key).ok_or(EXPECTED)
    }

    fn parse_key(key: &str) -> Option<Self> {
        let part = |range: std::ops::Range<usize>| key.get(range);
        let date = Date::new(part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?).ok()?;
        let race = Self::new(date, part(9..11)?.parse().ok()?, part(12..14)?.parse().ok()?).ok()?;
        // Signs, other separators and anything that follows: what would be written differently is not an id.
        (race.key() == key).then_some(race)
    }
}

impl std::str::FromStr for RaceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::from_key(text.strip_prefix(Self::PREFIX).ok_or(EXPECTED)?)
    }
}

impl std::fmt::Display for RaceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.key())
    }
}

impl TryFrom<String> for RaceId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RaceId> for String {
    fn from(id: RaceId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_race() {
        let id: RaceId = "rac_20251226-03-01".parse().unwrap();
        assert_eq!((id.date(), id.venue(), id.number()), (jiff::civil::date(2025, 12, 26), 3, 1));
        assert_eq!((id.to_string(), id.key()), ("rac_20251226-03-01".into(), "20251226-03-01".into()));
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""rac_20251226-03-01""#);
    }

    #[test]
    fn races_are_ordered_as_their_texts() {
        let texts = ["rac_20251225-24-12", "rac_20251226-03-02", "rac_20251226-03-11", "rac_20251226-10-01"];
        let ids: Vec<RaceId> = texts.iter().map(|text| text.parse().unwrap()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "rac_",
            "20251226-03-01",
            "rac_20251226-3-1",
            "rac_20251226-00-01",
            "rac_20251226-03-00",
            "rac_20251226-03-13",
            "rac_20251326-03-01",
            "rac_20250229-03-01",
            "rac_20251226-03-01 ",
            "rac_20251226_03-01",
            "rac_+2510101-03-01",
            "rac_00001226-03-01",
            "rac_2025122６-03-01",
        ] {
            assert!(text.parse::<RaceId>().is_err(), "{text:?}");
        }
    }
}
