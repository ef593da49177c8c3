//! The end-to-end suite, run by cargo against the API that Terraform made: the same tests that run against the local cloud. What they
//! need of a local cloud they say themselves and leave out.

use super::error::CheckError;
use super::program;
use super::workplace::Workplace;
use std::collections::BTreeSet;
use std::process::Command;

/// Where the tests of the functions are, among all tests.
const FUNCTIONS: &str = "functions::";
/// Tests at once. They wait more than they work.
const TEST_THREADS: &str = "12";
/// What a test says that needs a local cloud.
const NOT_RUN: &str = "NOT RUN against a deployed API: ";

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
}

impl Suite<'_> {
    /// Runs the functions' tests whose names begin with one of `filters`.
    pub async fn run(&self, filters: &[&str]) -> Result<Results, CheckError> {
        let log = self.workplace.log("suite");
        let before = std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Of the whole workspace, as `cargo test --workspace` built it: for the one package alone, features may differ.
        cargo.current_dir(&self.workplace.root).args(["test", "--locked", "--workspace", "--test", "it", "--"]);
        cargo.args(filters.iter().map(|filter| format!("{FUNCTIONS}{filter}")));
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
        format!(
            "{} tests passed, {} failed, {} are for a local cloud only",
            self.passed.len(),
            self.failed.len(),
            self.left_out.len()
        )
    }
}

fn read(log: &str) -> Results {
    let mut results = Results::default();
    for line in log.lines() {
        if let Some(name) = line.strip_prefix(NOT_RUN) {
            results.left_out.insert(name.to_owned());
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

---- functions::get_wallet::three stdout ----
NOT RUN against a deployed API: functions::get_wallet::three
",
        );
        let set = |name: &str| BTreeSet::from([format!("functions::get_wallet::{name}")]);
        assert_eq!(results, Results { passed: set("one"), failed: set("two"), left_out: set("three") });
        assert_eq!(results.told(), "1 tests passed, 1 failed, 1 are for a local cloud only");
    }
}
