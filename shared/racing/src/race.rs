//! A race from its announcement to its settlement. Betting closes by time, never by a write: a function that takes a slip or settles one
//! compares its time with the effective close. A feed may move the close until it has come. From then on the close only moves earlier, and
//! the first result fixes it.

use super::{BRACKET_MAX, BracketNumber, Field, RUNNER_MAX, RaceId, RunnerNumber, RunnerSet, SHARDS_MAX};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A race needs something to bet on.
pub const RUNNERS_MIN: usize = 2;
/// The most characters of a race's title.
pub const TITLE_CHARS_MAX: usize = 128;
const NAME_CHARS_MAX: usize = 64;
/// Title and names together, as JSON: a race stays within 4 KB.
const TEXT_BYTES_MAX: usize = 3_072;

/// A text without control characters, as a regular expression.
pub const PRINTABLE: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

/// What the feed announces of a race.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// When betting closes.
    pub closes_at: Timestamp,
    /// At most 128 characters, none of them a control character.
    #[schemars(length(max = TITLE_CHARS_MAX), regex(pattern = PRINTABLE))]
    pub title: String,
    /// 2 to 18 runners with different numbers.
    #[schemars(length(min = RUNNERS_MIN, max = RUNNER_MAX))]
    pub runners: Vec<Runner>,
}

/// A runner: a boat, a rider or a horse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    #[schemars(range(min = 1, max = 18))]
    pub number: RunnerNumber,
    /// At most 64 characters, none of them a control character.
    #[schemars(length(max = NAME_CHARS_MAX), regex(pattern = PRINTABLE))]
    pub name: String,
    /// 枠番: the runner's bracket, for bracket bets. Keirin has 1 to 6. Either all runners of a race have one or none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 8))]
    pub bracket: Option<BracketNumber>,
}

/// The state of a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaceState {
    /// No result yet. Betting may be closed already: it closes by time.
    Open,
    /// The newest result is being settled.
    Resulted,
    /// The newest result is settled and proved.
    Settled,
}

/// A race as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Race {
    pub id: RaceId,
    /// When betting closes, as announced.
    pub closes_at: Timestamp,
    pub title: String,
    pub runners: Vec<Runner>,
    /// The number of shards over which the slips are spread. It never changes after the race opens.
    pub shards: u16,
    pub state: RaceState,
    /// The number of the newest result, from 1; 0 before any.
    pub result_version: u32,
    /// When a result arrived before `closes_at` and closed betting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// Why an announcement is no race.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RaceError {
    #[error("a race has {RUNNERS_MIN} to {RUNNER_MAX} runners, this one has {runners}")]
    WrongRunnerCount { runners: usize },
    #[error("a runner's number is between 1 and {RUNNER_MAX}")]
    WrongRunnerNumber { runner: usize },
    #[error("another runner has this number already")]
    DuplicateRunner { runner: usize },
    #[error("a bracket is between 1 and {BRACKET_MAX}")]
    WrongBracket { runner: usize },
    #[error("either every runner has a bracket, or none has")]
    MissingBracket { runner: usize },
    #[error("{pointer} is longer than {chars_max} characters or has control characters")]
    BadText { pointer: String, chars_max: usize },
    #[error("the title and all names together take more than {TEXT_BYTES_MAX} bytes: shorten the names")]
    TextTooLong,
    #[error("a race has 1 to {SHARDS_MAX} shards: set the environment's default so")]
    WrongShards,
}

impl RaceError {
    /// The JSON pointer of the bad part, from the announcement on: `/runners/2/number`.
    pub fn pointer(&self) -> String {
        match self {
            Self::WrongRunnerCount { .. } | Self::TextTooLong => "/runners".into(),
            Self::WrongRunnerNumber { runner } | Self::DuplicateRunner { runner } => format!("/runners/{runner}/number"),
            Self::WrongBracket { runner } | Self::MissingBracket { runner } => format!("/runners/{runner}/bracket"),
            Self::BadText { pointer, .. } => pointer.clone(),
            Self::WrongShards => String::new(),
        }
    }

    /// The problem code, stable for callers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongRunnerCount { .. } => "wrong_runner_count",
            Self::WrongRunnerNumber { .. } => "wrong_runner_number",
            Self::DuplicateRunner { .. } => "duplicate_runner",
            Self::WrongBracket { .. } => "wrong_bracket",
            Self::MissingBracket { .. } => "missing_bracket",
            Self::BadText { .. } => "bad_text",
            Self::TextTooLong => "text_too_long",
            Self::WrongShards => "wrong_shards",
        }
    }
}

impl Announcement {
    /// The runners' numbers and brackets, as [`Race::field`] will have them.
    pub fn field(&self) -> Field {
        field(&self.runners)
    }
}

impl Race {
    /// Opens the race `id` as announced, its slips to be spread over `shards`.
    pub fn announce(id: RaceId, announcement: Announcement, shards: u16) -> Result<Self, RaceError> {
        check_announcement(&announcement)?;
        if shards == 0 || shards > SHARDS_MAX {
            return Err(RaceError::WrongShards);
        }
        let Announcement { closes_at, title, runners } = announcement;
        Ok(Self { id, closes_at, title, runners, shards, state: RaceState::Open, result_version: 0, closed_at: None })
    }

    /// The runners' numbers and brackets: what can be bet on. It never changes once the race is announced.
    pub fn field(&self) -> Field {
        field(&self.runners)
    }

    /// From this moment on no slip is taken; one that was is refunded, never paid.
    pub fn effective_close(&self) -> Timestamp {
        self.closed_at.map_or(self.closes_at, |closed_at| closed_at.min(self.closes_at))
    }

    /// Whether a slip may be placed at `now`.
    pub fn is_open_at(&self, now: Timestamp) -> bool {
        self.state == RaceState::Open && now < self.effective_close()
    }

    /// Whether an announcement at `now` may move the close to `closes_at`: either way until it has come, from then on only earlier.
    pub fn may_close_at(&self, closes_at: Timestamp, now: Timestamp) -> bool {
        now < self.effective_close() || closes_at <= self.effective_close()
    }

    /// The race when its first or a corrected result came at `received_at`. A first result before the close closes it at once. A
    /// correction moves no close: what was bet between was settled by the first.
    #[must_use]
    pub fn resulted(&self, received_at: Timestamp) -> Self {
        let mut race = self.clone();
        race.state = RaceState::Resulted;
        race.result_version += 1;
        if self.state == RaceState::Open && received_at < self.effective_close() {
            race.closed_at = Some(received_at);
        }
        race
    }

    /// The race when result `version` is settled; `None` unless exactly that one is being settled.
    #[must_use]
    pub fn settled(&self, version: u32) -> Option<Self> {
        let due = self.state == RaceState::Resulted && self.result_version == version;
        due.then(|| Self { state: RaceState::Settled, ..self.clone() })
    }
}

fn field(runners: &[Runner]) -> Field {
    runners.iter().map(|runner| (runner.number, runner.bracket)).collect()
}

fn check_announcement(Announcement { title, runners, .. }: &Announcement) -> Result<(), RaceError> {
    if !(RUNNERS_MIN..=RUNNER_MAX.into()).contains(&runners.len()) {
        return Err(RaceError::WrongRunnerCount { runners: runners.len() });
    }
    check_text(title, TITLE_CHARS_MAX, || "/title".into())?;
    let mut numbers = RunnerSet::EMPTY;
    let has_brackets = runners.iter().any(|runner| runner.bracket.is_some());
    for (index, runner) in runners.iter().enumerate() {
        if !RunnerSet::ALL.contains(runner.number) {
            return Err(RaceError::WrongRunnerNumber { runner: index });
        }
        if !numbers.insert(runner.number) {
            return Err(RaceError::DuplicateRunner { runner: index });
        }
        match runner.bracket {
            Some(bracket) if !(1..=BRACKET_MAX).contains(&bracket) => return Err(RaceError::WrongBracket { runner: index }),
            None if has_brackets => return Err(RaceError::MissingBracket { runner: index }),
            _ => {}
        }
        check_text(&runner.name, NAME_CHARS_MAX, || format!("/runners/{index}/name"))?;
    }
    let texts = runners.iter().map(|runner| &runner.name).chain([title]);
    if texts.map(|text| json_bytes(text)).sum::<usize>() > TEXT_BYTES_MAX {
        return Err(RaceError::TextTooLong);
    }
    Ok(())
}

fn check_text(text: &str, chars_max: usize, pointer: impl Fn() -> String) -> Result<(), RaceError> {
    if text.chars().count() > chars_max || text.chars().any(char::is_control) {
        return Err(RaceError::BadText { pointer: pointer(), chars_max });
    }
    Ok(())
}

/// How many bytes a text without control characters takes in JSON.
fn json_bytes(text: &str) -> usize {
    text.len() + text.matches(['"', '\\']).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn announcement(numbers: &[u8]) -> Announcement {
        let runner = |number: &u8| Runner { number: *number, name: format!("boat {number}"), bracket: None };
        let runners = numbers.iter().map(runner).collect();
        Announcement { closes_at: at("2025-12-26T01:59:00Z"), title: "第48回京葉賞".into(), runners }
    }

    fn announce(announcement: Announcement) -> Result<Race, RaceError> {
        Race::announce("rac_20251226-03-01".parse().unwrap(), announcement, 4)
    }

    fn race() -> Race {
        announce(announcement(&[1, 2, 3, 4, 5, 6])).unwrap()
    }

    fn refusal(announcement: Announcement) -> String {
        let error = announce(announcement).unwrap_err();
        format!("{} {}", error.code(), error.pointer())
    }

    #[test]
    fn an_announced_race_is_open_until_its_close() {
        let race = race();
        assert_eq!(race.field(), (1..=6).collect::<Field>());
        assert!(race.is_open_at(at("2025-12-26T01:58:59.999999999Z")));
        assert!(!race.is_open_at(race.closes_at));
    }

    #[test]
    fn what_is_no_race_is_refused() {
        assert_eq!(refusal(announcement(&[1])), "wrong_runner_count /runners");
        assert_eq!(refusal(announcement(&[1; 19])), "wrong_runner_count /runners");
        assert_eq!(refusal(announcement(&[1, 19])), "wrong_runner_number /runners/1/number");
        assert_eq!(refusal(announcement(&[1, 0])), "wrong_runner_number /runners/1/number");
        assert_eq!(refusal(announcement(&[1, 2, 1])), "duplicate_runner /runners/2/number");
        assert_eq!(refusal(Announcement { title: "題".repeat(129), ..announcement(&[1, 2]) }), "bad_text /title");
        let mut named = announcement(&[1, 2]);
        named.runners[1].name = "a\nb".into();
        assert_eq!(refusal(named), "bad_text /runners/1/name");
        assert_eq!(Race::announce(race().id, announcement(&[1, 2]), 0).unwrap_err().code(), "wrong_shards");
    }

    fn announcement_in_brackets(brackets: [Option<u8>; 3]) -> Announcement {
        let mut announcement = announcement(&[1, 2, 3]);
        announcement.runners.iter_mut().zip(brackets).for_each(|(runner, bracket)| runner.bracket = bracket);
        announcement
    }

    #[test]
    fn every_runner_has_a_bracket_or_none_has() {
        let race = announce(announcement_in_brackets([Some(1), Some(4), Some(4)])).unwrap();
        assert_eq!((race.field().brackets(), race.field().brackets_of_two()), ([1, 4].into_iter().collect(), RunnerSet::of(4)));
        assert_eq!(refusal(announcement_in_brackets([Some(1), None, Some(4)])), "missing_bracket /runners/1/bracket");
        assert_eq!(refusal(announcement_in_brackets([Some(0), Some(1), Some(1)])), "wrong_bracket /runners/0/bracket");
        assert_eq!(refusal(announcement_in_brackets([Some(1), Some(1), Some(9)])), "wrong_bracket /runners/2/bracket");
    }

    /// Code that knows no brackets reads and writes a race without them as before. It refuses to read a race with brackets, so it cannot
    /// lose those on which bets may have been sold.
    #[test]
    fn brackets_are_in_the_stored_race_only_where_it_has_them() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only whether it reads is asked")]
        struct OlderRunner {
            number: u8,
            name: String,
        }
        let older = |announcement: Announcement| {
            let stored = serde_json::to_value(announce(announcement).unwrap()).unwrap();
            assert_eq!(serde_json::from_value::<Race>(stored.clone()).unwrap().runners.len(), 3);
            serde_json::from_value::<Vec<OlderRunner>>(stored["runners"].clone()).is_ok()
        };
        assert!(older(announcement_in_brackets([None; 3])));
        assert!(!older(announcement_in_brackets([Some(1); 3])));
    }

    #[test]
    fn the_longest_race_stays_within_4_kilobytes() {
        let mut longest = announcement(&(1..=18).collect::<Vec<_>>());
        longest.title = "題".repeat(128);
        longest.runners.iter_mut().for_each(|runner| {
            runner.name = "名".repeat(49);
            runner.bracket = Some(BRACKET_MAX);
        });
        let longest_race =
            Race::announce(race().id, longest.clone(), SHARDS_MAX).unwrap().resulted(at("2025-12-26T01:00:00.123456789Z"));
        assert!(serde_json::to_string(&longest_race).unwrap().len() <= 4_000);

        longest.runners.iter_mut().for_each(|runner| runner.name = "名".repeat(64));
        assert_eq!(refusal(longest), "text_too_long /runners");
    }

    #[test]
    fn an_early_result_closes_and_no_correction_moves_the_close() {
        let early = race().resulted(at("2025-12-26T01:30:00Z"));
        assert_eq!((early.state, early.result_version), (RaceState::Resulted, 1));
        assert_eq!(early.effective_close(), at("2025-12-26T01:30:00Z"));
        let corrected = early.resulted(at("2025-12-26T03:00:00Z"));
        assert_eq!((corrected.result_version, corrected.effective_close()), (2, early.effective_close()));
        let by_another_clock = corrected.resulted(at("2025-12-26T01:20:00Z"));
        assert_eq!((by_another_clock.result_version, by_another_clock.effective_close()), (3, early.effective_close()));
        let settled = early.settled(1).unwrap().resulted(at("2025-12-26T01:20:00Z"));
        assert_eq!((settled.result_version, settled.effective_close()), (2, early.effective_close()));
        let punctual = race().resulted(at("2025-12-26T02:30:00Z"));
        assert_eq!((punctual.closed_at, punctual.effective_close()), (None, race().closes_at));
        assert_eq!(punctual.resulted(at("2025-12-26T01:30:00Z")).closed_at, None);
    }

    #[test]
    fn the_close_may_be_moved_until_it_has_come_and_then_only_earlier() {
        let race = race();
        let [before, close, after] = ["01:58:59", "01:59:00", "02:10:00"].map(|time| at(&format!("2025-12-26T{time}Z")));
        assert!(race.may_close_at(before, before) && race.may_close_at(after, before));
        assert!(race.may_close_at(before, close) && race.may_close_at(close, after));
        assert!(!race.may_close_at(after, close) && !race.may_close_at(after, after));
    }

    #[test]
    fn only_the_newest_result_is_settled() {
        let resulted = race().resulted(at("2025-12-26T02:30:00Z")).resulted(at("2025-12-26T02:40:00Z"));
        assert_eq!(resulted.settled(1), None);
        let settled = resulted.settled(2).unwrap();
        assert_eq!(settled.state, RaceState::Settled);
        assert_eq!(settled.settled(2), None);
        assert_eq!(race().settled(0), None);
    }

    #[test]
    fn its_stored_form_reads_back() {
        let race = race().resulted(at("2025-12-26T01:30:00Z"));
        let json = serde_json::to_string(&race).unwrap();
        assert!(json.contains(r#""state":"resulted""#));
        assert_eq!(serde_json::from_str::<Race>(&json).unwrap(), race);
    }
}
