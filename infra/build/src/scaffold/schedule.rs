//! Schedules: every so many minutes, or the times of a cron expression in a time zone.

use super::ScaffoldError;

/// A year: longer is a typing error.
const MINUTES_MAX: u32 = 366 * 1_440;
/// Minutes, hours, day of month, month, day of week, year.
const FIELDS: usize = 6;
/// Which of the fields are days: EventBridge Scheduler takes a `?` in exactly one of the two.
const DAYS: [usize; 2] = [2, 4];

/// When the scheduler calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    EveryMinutes(u32),
    /// Six fields, and a time zone of the IANA database.
    Cron {
        fields: String,
        zone: String,
    },
}

impl Schedule {
    /// Every `minutes` minutes, one to a year's.
    pub fn every_minutes(minutes: u32) -> Result<Self, ScaffoldError> {
        let fits = (1..=MINUTES_MAX).contains(&minutes);
        if fits { Ok(Self::EveryMinutes(minutes)) } else { Err(ScaffoldError::Minutes(minutes)) }
    }

    /// `0 3 1 * ? *` in `Asia/Tokyo`. The form is checked here, the ranges by AWS.
    pub fn cron(fields: &str, zone: &str) -> Result<Self, ScaffoldError> {
        let each: Vec<&str> = fields.split(' ').collect();
        let is_field = |field: &&str| {
            !field.is_empty() && field.chars().all(|letter| letter.is_ascii_alphanumeric() || "*?,-/#".contains(letter))
        };
        let unsaid = |index: &usize| each.get(*index) == Some(&"?");
        let has_days = DAYS.iter().filter(|index| unsaid(index)).count() == 1;
        let elsewhere =
            each.iter().enumerate().any(|(index, field)| field.contains('?') && !(DAYS.contains(&index) && *field == "?"));
        if each.len() != FIELDS || !each.iter().all(is_field) || !has_days || elsewhere {
            return Err(ScaffoldError::Cron(fields.to_owned()));
        }
        let is_part = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-+".contains(letter))
        };
        if !zone.split('/').all(is_part) {
            return Err(ScaffoldError::Zone(zone.to_owned()));
        }
        Ok(Self::Cron { fields: fields.to_owned(), zone: zone.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_one_to_a_year() {
        for minutes in [1, 5, MINUTES_MAX] {
            assert_eq!(Schedule::every_minutes(minutes).unwrap(), Schedule::EveryMinutes(minutes));
        }
        for wrong in [0, MINUTES_MAX + 1, u32::MAX] {
            assert!(Schedule::every_minutes(wrong).unwrap_err().to_string().contains("--every-minutes 5"));
        }
    }

    #[test]
    fn a_cron_expression_has_six_fields_and_leaves_one_of_the_days_open() {
        for good in ["0 3 1 * ? *", "0/15 8-17 ? * MON-FRI *", "0 0 L * ? 2026,2027", "30 9 ? * 2#1 *"] {
            Schedule::cron(good, "Asia/Tokyo").unwrap();
        }
        for wrong in [
            "",
            "0 3 1 * ?",
            "0 3 1 * ? * *",
            "0 3 1 * * *",
            "0 3 ? * ? *",
            "0  3 1 * ?",
            "0 3 1 ? ? *",
            "? 3 1 * ? *",
            "0 3 1 * ?? *",
            "0 3 \" * ? *",
            "cron(0 3 1 * ? *)",
            "0 3 1 * ? *\n",
            "0 3 1 * ?1 *",
        ] {
            let refused = Schedule::cron(wrong, "Asia/Tokyo").unwrap_err().to_string();
            assert!(refused.contains("\"0 3 1 * ? *\""), "{wrong}: {refused}");
        }
    }

    #[test]
    fn a_zone_is_a_name_of_the_iana_database() {
        for good in ["Asia/Tokyo", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+9"] {
            Schedule::cron("0 3 1 * ? *", good).unwrap();
        }
        for wrong in ["", "/", "Asia/", "Asia/Tokyo\"", "+09:00", "Asia Tokyo"] {
            let refused = Schedule::cron("0 3 1 * ? *", wrong).unwrap_err().to_string();
            assert!(refused.contains("Asia/Tokyo"), "{wrong}: {refused}");
        }
    }
}
