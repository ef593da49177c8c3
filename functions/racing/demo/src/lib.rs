//! Racing's part of `koban demo`: race days, bet and settled through the HTTP API, made up or of real files.
//! Also the feed's files and messages, which `koban feed` sends.

pub mod boatrace;
pub mod cost;
pub mod feed;
mod plan;
mod play;
mod report;
mod settled;

use boatrace::BoatraceError;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use demo::{DemoError, DemoPart, Findings, Play, Report, Stage, at_least_one};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use jiff::civil::{Date, date};
use plan::{PlannedDay, SlipPlan};
use platform::problem::chain;
use play::{Played, Player};
use proofs::Verdict;
use racing_proofs::{CERTIFICATES_WAITING, UNSETTLED};
use std::path::PathBuf;

/// The made-up race day, when none is chosen.
const GENERATED_DAY: Date = date(2026, 5, 1);

/// Race days, with wallets to bet from.
pub struct RaceDays;

#[derive(Debug, Clone, clap::Args)]
struct Arguments {
    /// Boatrace Open API files to play: a directory that has programs/ and results/
    #[arg(long, value_name = "DIR")]
    feed: Option<PathBuf>,
    /// Only this day of the feed, or the day of the made-up races
    #[arg(long, value_name = "YYYYMMDD", value_parser = day)]
    day: Option<Date>,
    /// How many people bet
    #[arg(long, default_value_t = 2_000, value_parser = at_least_one)]
    bettors: usize,
    /// How many slips they place, all days together
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one)]
    slips: usize,
}

fn day(text: &str) -> Result<Date, String> {
    Date::strptime("%Y%m%d", text).map_err(|_| "write the day like 20260523".into())
}

impl DemoPart for RaceDays {
    fn name(&self) -> &'static str {
        "racing"
    }

    fn about(&self) -> &'static str {
        "Race days: people top up, bet and are paid; every race settled and certified"
    }

    fn help(&self) -> &'static str {
        "\
Exit code 0 only if every slip was placed and settled and every proof holds. The last line says so.

Examples:
  koban demo                                              a made-up race day
  koban demo --slips 5000 --bettors 200                   a quick one
  koban demo --feed ../shared/data/boatrace               real race days
  koban demo --feed ../shared/data/boatrace --day 20260523 --json
  koban demo --url http://127.0.0.1:4000 --data .koban    on a cloud that runs already: kill and restart it meanwhile"
    }

    fn arguments(&self, command: Command) -> Command {
        Arguments::augment_args(command)
    }

    fn pair(&self) -> [&'static str; 2] {
        ["racing", "wallet"]
    }

    fn counted(&self) -> &'static [&'static str] {
        &["settle-race", "settle-shard", "certify-race"]
    }

    fn plan(&self, given: &ArgMatches, seed: u64) -> Result<Box<dyn Play>, DemoError> {
        let arguments = Arguments::from_arg_matches(given).map_err(|error| DemoError::Input(error.to_string()))?;
        let days = days(&arguments, seed)?;
        Ok(Box::new(Days { planned: days, slips: arguments.slips, bettors: arguments.bettors, seed, played: Played::default() }))
    }
}

/// The days that are played, and what came of them.
struct Days {
    planned: Vec<PlannedDay>,
    slips: usize,
    bettors: usize,
    seed: u64,
    played: Played,
}

impl Days {
    async fn play_all(&mut self, stage: &Stage) -> Result<(), DemoError> {
        let mut player = Player::new(stage, self.bettors, self.seed).await?;
        for (day, slips) in self.planned.iter().zip(shares(&self.planned, self.slips)) {
            player.play(day, SlipPlan::new(day, slips, self.bettors, self.seed)).await?;
        }
        self.played = player.end().await;
        Ok(())
    }
}

impl Play for Days {
    fn steps(&self) -> (&'static str, u64) {
        ("slips", self.slips as u64)
    }

    fn play<'a>(&'a mut self, stage: &'a Stage) -> LocalBoxFuture<'a, Result<(), DemoError>> {
        self.play_all(stage).boxed_local()
    }

    fn is_through(&self, verdict: &Verdict) -> bool {
        verdict.count(CERTIFICATES_WAITING) == 0 && verdict.count(UNSETTLED) == 0
    }

    fn report(&self, findings: &Findings<'_>) -> Result<Report, DemoError> {
        report::of(&self.played, self.slips, findings)
    }
}

fn days(arguments: &Arguments, seed: u64) -> Result<Vec<PlannedDay>, DemoError> {
    let unreadable = |error: BoatraceError| DemoError::Input(chain(&error));
    match &arguments.feed {
        Some(feed) => plan::days_of_feed(&boatrace::read(feed).map_err(unreadable)?, arguments.day, seed),
        None => Ok(vec![plan::generated_day(arguments.day.unwrap_or(GENERATED_DAY), seed)?]),
    }
}

/// How many of the slips fall on each day: by its races.
fn shares(days: &[PlannedDay], slips: usize) -> Vec<usize> {
    let races: usize = days.iter().map(|day| day.races.len()).sum();
    let mut before = 0;
    let share = |day: &PlannedDay| {
        let from = slips * before / races;
        before += day.races.len();
        slips * before / races - from
    };
    days.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slip_falls_on_a_day() {
        let day = plan::generated_day(GENERATED_DAY, 1).unwrap();
        let days = [day.clone(), day.clone(), day];
        assert_eq!(shares(&days, 100), [33, 33, 34]);
    }

    #[test]
    fn a_day_is_written_as_the_files_are_named() {
        assert_eq!(super::day("20260523"), Ok(date(2026, 5, 23)));
        assert!(super::day("2026-05-23").is_err());
    }
}
