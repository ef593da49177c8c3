//! Schedules as EventBridge Scheduler writes them. A definition keeps minutes; calendars are refused with the reason.

use super::ScaffoldError;

/// The minutes of `rate(5 minutes)`.
///
/// # Errors
/// When it is no rate of whole minutes, hours or days.
pub fn every_minutes(expression: &str) -> Result<u32, ScaffoldError> {
    let wrong = || ScaffoldError::Schedule(expression.to_owned());
    if ["cron(", "at("].iter().any(|calendar| expression.starts_with(calendar)) {
        return Err(ScaffoldError::Calendar(expression.to_owned()));
    }
    let inside = expression.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(wrong)?;
    let (count, unit) = inside.split_once(' ').ok_or_else(wrong)?;
    let count: u32 = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 1_440,
        _ => return Err(wrong()),
    };
    // A year: longer is a typing error, and more than anything here is kept waiting.
    count.checked_mul(minutes).filter(|minutes| *minutes <= 366 * 1_440).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_minutes() {
        for (expression, minutes) in [
            ("rate(1 minute)", 1),
            ("rate(5 minutes)", 5),
            ("rate(1 hour)", 60),
            ("rate(12 hours)", 720),
            ("rate(2 days)", 2_880),
        ] {
            assert_eq!(every_minutes(expression).unwrap(), minutes, "{expression}");
        }
    }

    #[test]
    fn whatever_is_no_rate_is_refused_with_what_to_write() {
        for wrong in [
            "",
            "5 minutes",
            "rate(0 minutes)",
            "rate(-1 minutes)",
            "rate(5)",
            "rate(5 weeks)",
            "rate(5  minutes)",
            "rate(9999999 days)",
        ] {
            let told = every_minutes(wrong).unwrap_err().to_string();
            assert!(told.contains("rate(5 minutes)"), "{told}");
        }
        let told = every_minutes("cron(0 9 * * ? *)").unwrap_err().to_string();
        assert!(told.contains("rate(1 hour)"), "{told}");
    }
}
