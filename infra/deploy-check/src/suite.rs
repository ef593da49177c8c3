//! The end-to-end suite, run by cargo against the API that Terraform made: every test that starts a `Target` against the local cloud.
//! What they need of a local cloud they say themselves and leave out; no list of tests is kept here that could fall behind them.

use super::error::CheckError;
use super::program;
use super::workplace::Workplace;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::{NOT_RUN, RESENT};

/// Where the tests are, each module a file or a folder.
const TESTS: &str = "tests/it";
/// How a test begins that asks an API.
const STARTS: &str = "Target::start";
/// Tests at once. They wait most of their time, for races to settle; how many of them ask at once their harness bounds.
const TEST_THREADS: &str = "48";

/// The API under test.
pub struct Suite<'a> {
    pub workplace: &'a Workplace,
    pub api_url: &'a str,
    pub feed_secret: &'a str,
    pub token_url: &'a str,
}

/// What became of the tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Results {
    pub passed: BTreeSet<String>,
    pub failed: BTreeSet<String>,
    /// Which need a local cloud.
    pub left_out: BTreeSet<String>,
    /// How many requests were sent again because their function ran out of time.
    pub resent: usize,
}

/// Builds it, and runs nothing.
pub fn build(workplace: &Workplace) -> Command {
    let mut cargo = cargo(workplace);
    cargo.arg("--no-run");
    cargo
}

/// In release, with the one package's features: what it depends on was compiled for the command line that runs this.
fn cargo(workplace: &Workplace) -> Command {
    let mut cargo = build::cargo::command();
    cargo.current_dir(&workplace.root).args(["test", "--release", "--locked", "-p", "tests", "--test", "it"]);
    cargo
}

impl Suite<'_> {
    /// Runs every test of a module whose tests ask an API. A module of which nothing was heard is a failure, too.
    pub async fn run_all(&self) -> Result<Results, CheckError> {
        let modules = modules(&self.workplace.root.join(TESTS))?;
        let results = self.run(&modules).await?;
        let silent: Vec<_> = modules.iter().filter(|module| !results.has_any_of(module)).map(String::as_str).collect();
        if silent.is_empty() {
            Ok(results)
        } else {
            Err(CheckError::Found(format!("no test was run of {}: are they in {TESTS}/main.rs?", silent.join(", "))))
        }
    }

    /// Runs the tests whose names contain one of `filters`.
    pub async fn run(&self, filters: impl IntoIterator<Item: AsRef<str>>) -> Result<Results, CheckError> {
        let log = self.workplace.log("suite");
        let before = std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let mut cargo = cargo(self.workplace);
        cargo.arg("--");
        for filter in filters {
            cargo.arg(filter.as_ref());
        }
        cargo.args(["--show-output", "--test-threads", TEST_THREADS]);
        cargo
            .env("KOBAN_TEST_URL", self.api_url)
            .env("KOBAN_TEST_FEED_SECRET", self.feed_secret)
            .env("KOBAN_TEST_TOKEN_URL", self.token_url);
        let status = program::run(cargo, &log).await?;
        let text = std::fs::read(&log).map_err(CheckError::io(log.display()))?;
        let from = usize::try_from(before).unwrap_or_default().min(text.len());
        let results = read(&String::from_utf8_lossy(&text[from..]));
        // A suite that was not built, or not run to its end, has no failed test either.
        if !status.success() && results.failed.is_empty() || results.passed.is_empty() && results.failed.is_empty() {
            return Err(CheckError::ended("running the suite", &log));
        }
        Ok(results)
    }
}

impl Results {
    /// In one line.
    pub fn told(&self) -> String {
        let Self { passed, failed, left_out, resent } = self;
        let (passed, failed, left_out) = (passed.len(), failed.len(), left_out.len());
        let resent = if *resent == 0 { String::new() } else { format!("; {resent} requests sent again for want of time") };
        format!("{passed} tests passed, {failed} failed, {left_out} say NOT RUN: they need a local cloud{resent}")
    }

    fn has_any_of(&self, module: &str) -> bool {
        [&self.passed, &self.failed, &self.left_out].into_iter().flatten().any(|name| name.starts_with(module))
    }
}

/// The modules of the directory `tests` in which a test asks an API: `settlement::`.
fn modules(tests: &Path) -> Result<BTreeSet<String>, CheckError> {
    let mut modules = BTreeSet::new();
    for (name, path) in entries(tests)? {
        if asks_an_api(&path)? {
            modules.insert(format!("{}::", name.trim_end_matches(".rs")));
        }
    }
    Ok(modules)
}

fn asks_an_api(path: &Path) -> Result<bool, CheckError> {
    if !path.is_dir() {
        return Ok(std::fs::read_to_string(path).map_err(CheckError::io(path.display()))?.contains(STARTS));
    }
    for (_, path) in entries(path)? {
        if asks_an_api(&path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, CheckError> {
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(CheckError::io(directory.display()))?;
    Ok(entries.into_iter().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect())
}

fn read(log: &str) -> Results {
    let mut results = Results::default();
    for line in log.lines() {
        if let Some(name) = line.strip_prefix(NOT_RUN) {
            results.left_out.insert(name.to_owned());
        } else if line.starts_with(RESENT) {
            results.resent += 1;
        } else if let Some((name, became)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            match became {
                "ok" => drop(results.passed.insert(name.to_owned())),
                "FAILED" => drop(results.failed.insert(name.to_owned())),
                _ => {}
            }
        }
    }
    results.passed.retain(|name| !results.left_out.contains(name));
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_each_test_is_read_from_what_cargo_says() {
        let results = read(
            "
running 3 tests
test functions::get_wallet::one ... ok
test functions::get_wallet::two ... FAILED
test functions::get_wallet::three ... ok

---- functions::get_wallet::one stdout ----
SENT AGAIN for want of time: functions::get_wallet::one

---- functions::get_wallet::three stdout ----
NOT RUN against a deployed API: functions::get_wallet::three
",
        );
        let set = |name: &str| BTreeSet::from([format!("functions::get_wallet::{name}")]);
        assert_eq!(results, Results { passed: set("one"), failed: set("two"), left_out: set("three"), resent: 1 });
        let told = "1 tests passed, 1 failed, 1 say NOT RUN: they need a local cloud; 1 requests sent again for want of time";
        assert_eq!(results.told(), told);
        assert!(results.has_any_of("functions::") && !results.has_any_of("settlement::"));
    }

    #[test]
    fn every_module_that_asks_an_api_is_part_of_it_and_no_other() {
        let modules = modules(&build::generate::root().join(TESTS)).unwrap();
        for asks in ["functions::", "settlement::", "budgets::", "refusals::", "faults::"] {
            assert!(modules.contains(asks), "{asks} {modules:?}");
        }
        for does_not in ["house::", "links::", "generated::", "main::"] {
            assert!(!modules.contains(does_not), "{does_not} {modules:?}");
        }
    }
}
