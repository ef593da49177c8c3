//! The wallet service's part of `koban demo`: people top up and take the day's medals through the HTTP API. Every request is repeated
//! with its key. In the end each wallet and its history are compared with plain sums.

mod model;
mod play;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use demo::measure::{Tally, as_f64, rounded};
use demo::{DemoError, DemoPart, Findings, Play, Report, Stage, at_least_one};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use model::Deed;
use proofs::Verdict;
use proofs::rows::grouped;
use serde_json::json;
use std::time::Duration;

/// Top-ups and medals.
pub struct Wallets;

#[derive(Debug, Clone, clap::Args)]
struct Arguments {
    /// How many people there are
    #[arg(long, default_value_t = 200, value_parser = at_least_one)]
    people: usize,
    /// How many top-ups they ask for, all people together
    #[arg(long, default_value_t = 2_000, value_parser = at_least_one)]
    topups: usize,
}

impl DemoPart for Wallets {
    fn name(&self) -> &'static str {
        "wallet"
    }

    fn about(&self) -> &'static str {
        "Wallets: people top up and take medals; every wallet compared with plain sums"
    }

    fn help(&self) -> &'static str {
        "\
Exit code 0 only if every request was accepted, every wallet has what plain sums say, and every proof holds. The last line \
says so.

Examples:
  koban demo wallet
  koban demo wallet --people 20 --topups 100 --json"
    }

    fn arguments(&self, command: Command) -> Command {
        Arguments::augment_args(command)
    }

    fn pair(&self) -> [&'static str; 2] {
        ["wallet", "wallet"]
    }

    fn plan(&self, given: &ArgMatches, seed: u64) -> Result<Box<dyn Play>, DemoError> {
        let Arguments { people, topups } =
            Arguments::from_arg_matches(given).map_err(|error| DemoError::Input(error.to_string()))?;
        Ok(Box::new(Purse { deeds: model::plan(people, topups, seed), topups, seed, outcome: Outcome::default() }))
    }
}

/// What people do, and what came of it.
struct Purse {
    deeds: Vec<Vec<Deed>>,
    topups: usize,
    seed: u64,
    outcome: Outcome,
}

#[derive(Default)]
struct Outcome {
    tally: Tally,
    playing: Duration,
    /// Wallets that have what plain sums say.
    right: u64,
    /// What differs, in words.
    wrong: Vec<String>,
    /// Messages in dead-letter queues.
    dead: u64,
}

impl Play for Purse {
    fn steps(&self) -> (&'static str, u64) {
        ("requests", self.deeds.iter().flatten().count() as u64)
    }

    fn play<'a>(&'a mut self, stage: &'a Stage) -> LocalBoxFuture<'a, Result<(), DemoError>> {
        let played = play::all(stage, &self.deeds, self.seed).map(|outcome| {
            self.outcome = outcome?;
            Ok(())
        });
        played.boxed_local()
    }

    fn is_through(&self, _: &Verdict) -> bool {
        true
    }

    fn report(&self, findings: &Findings<'_>) -> Result<Report, DemoError> {
        let Outcome { tally, playing, right, wrong, dead } = &self.outcome;
        let (people, requests) = (self.deeds.len() as u64, self.deeds.iter().flatten().count());
        let is_clean = tally.refused.is_empty() && tally.count() == requests && *right == people && *dead == 0;
        let per_s = rounded(as_f64(tally.count()) / playing.as_secs_f64());
        let (median, slow) = (rounded(tally.latency_ms(50)), rounded(tally.latency_ms(99)));
        let json = json!({
            "people": people,
            "topups": self.topups,
            "requests": tally.count(),
            "right_wallets": right,
            "proved": findings.verdict.map(Verdict::is_clean),
            "request_per_s": per_s,
            "request_p50_ms": median,
            "request_p99_ms": slow,
            "wru_per_request": rounded(tally.write_units_each()),
            "calls_per_request": rounded(tally.calls_each()),
            "engine_txn_per_s": findings.engine_txn_per_s.map(rounded),
        });
        let rows = [
            ("people, and wallets that plain sums agree with", format!("{} / {}", grouped(people), grouped(*right))),
            ("requests accepted per second", format!("{per_s:.0}")),
            ("a request's reply, median / 99 %", format!("{median:.1} / {slow:.1} ms")),
            ("DynamoDB calls / write units a request", format!("{:.2} / {:.2}", tally.calls_each(), tally.write_units_each())),
        ];
        let mut off = [tally.refused.as_slice(), wrong].concat();
        if *dead > 0 {
            off.push(format!("{dead} messages are in dead-letter queues"));
        }
        let summary = if is_clean {
            format!("CLEAN: all {} wallets have what plain sums say, and every proof holds.", grouped(people))
        } else {
            let accepted = tally.count();
            format!(
                "NOT CLEAN: {accepted} of {requests} requests accepted, {right} of {people} wallets right (seed {}).",
                findings.seed
            )
        };
        let rows = rows.map(|(what, value)| (what.to_owned(), value)).into();
        Ok(Report { json: json.to_string(), rows, off, is_clean, summary })
    }
}
