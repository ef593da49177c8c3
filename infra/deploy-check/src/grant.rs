//! Checks that grants are enforced. One grant is removed: then exactly the tests that need it must fail, and the function must log why.
//! With the grant back, it must work again. Without this step the check would also pass on an emulator that enforces nothing, or with tests
//! that fail for another reason.

use super::emulator::Emulator;
use super::error::CheckError;
use super::suite::{Results, Suite};
use super::terraform::{Outputs, Terraform};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is taken away, and from whom: a function that hardly another test leans on, so that what must fail can be named.
const FUNCTION: &str = "list-races";
const ACTION: &str = "dynamodb:Query";
/// The tests that must fail: all that come as far as the function's table.
const FAILING: [&str; 8] = [
    "tests::budgets::lists_read_their_rows_and_not_one_by_one",
    "racing::list_races::a_cursor_is_good_for_its_own_filter_only",
    "racing::list_races::a_day_has_all_its_venues",
    "racing::list_races::a_row_follows_its_race",
    "racing::list_races::a_venues_day_is_listed_in_order",
    "racing::list_races::pages_of_any_length_hold_the_same",
    "racing::list_races::what_is_no_filter_is_refused",
    "racing::list_races::without_a_date_it_is_todays_in_tokyo",
];
/// Tests that must be among those that pass: of functions with the same grant on the same table, which keep it.
const NEIGHBORS: [&str; 4] = [
    "racing::get_race::an_open_race_has_no_result_yet",
    "racing::get_settlement::before_the_first_proof_there_is_no_certificate",
    "racing::list_slips::all_slips_come_newest_first",
    "racing::place_slip::a_slip_takes_its_stake",
];

/// What is run without the grant: the modules of those tests, and of functions of the same service beside it. The whole suite again would
/// take a third of the check, and say no more of one role.
const MODULES: [&str; 7] = [
    "tests::budgets::",
    "racing::get_race::",
    "racing::get_settlement::",
    "racing::get_slip::",
    "racing::list_races::",
    "racing::list_slips::",
    "racing::place_slip::",
];

/// What is worked with.
pub struct Bench<'a> {
    pub terraform: &'a Terraform,
    pub emulator: &'a Emulator,
    pub suite: Suite<'a>,
    pub outputs: &'a Outputs,
}

impl Bench<'_> {
    /// Removes the grant, checks, and puts it back. Returns what was found.
    pub async fn check(&self) -> Result<String, CheckError> {
        let path = self.terraform.wiring();
        let wiring = std::fs::read_to_string(&path).map_err(CheckError::io(path.display()))?;
        std::fs::write(&path, without(&wiring)?).map_err(CheckError::io(path.display()))?;
        self.terraform.apply().await?;
        let bitten = self.bitten().await;
        std::fs::write(&path, wiring).map_err(CheckError::io(path.display()))?;
        self.terraform.apply().await?;
        let bitten = bitten?;
        let again = self.suite.run(FAILING).await?;
        if again.failed.is_empty() && again.passed.len() == FAILING.len() {
            Ok(bitten)
        } else {
            Err(CheckError::Found(format!("{FUNCTION} has its grant back, and still fail: {}", list(&again.failed))))
        }
    }

    /// The results of these modules without the grant. Unexpected failures run once more, without the other tests: on a busy machine a test may run
    /// out of time. Only a test that fails twice counts as failed.
    async fn without_the_grant(&self) -> Result<Results, CheckError> {
        let mut results = self.suite.run(MODULES).await?;
        let others: Vec<_> = results.failed.iter().filter(|test| !FAILING.contains(&test.as_str())).cloned().collect();
        if !others.is_empty() {
            let again = self.suite.run(&others).await?;
            results.failed.retain(|test| !again.passed.contains(test));
            results.passed.extend(again.passed);
        }
        Ok(results)
    }

    async fn bitten(&self) -> Result<String, CheckError> {
        let since = Timestamp::now();
        let passed = judge(&self.without_the_grant().await?)?;
        let group =
            self.outputs.log_groups.get(FUNCTION).ok_or_else(|| CheckError::Found(format!("{FUNCTION} has no log group")))?;
        let log = self.emulator.log_of(group, since).await?;
        if !log.iter().any(|line| line.contains("AccessDenied") && line.contains(ACTION)) {
            return Err(CheckError::Found(format!(
                "the log of {FUNCTION} has {} lines, none of which says AccessDenied for {ACTION}",
                log.len()
            )));
        }
        Ok(format!(
            "{FUNCTION} without {ACTION}: exactly {} named tests fail, {passed} pass; it logs AccessDenied",
            FAILING.len()
        ))
    }
}

/// How many tests pass, if those fail that must and no other.
fn judge(results: &Results) -> Result<usize, CheckError> {
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let (failing, neighbors) = (named(&FAILING), named(&NEIGHBORS));
    let faults = [
        ("these tests do not fail", &failing - &results.failed),
        ("these fail that do not need it", &results.failed - &failing),
        ("of its neighbors these do not pass", &neighbors - &results.passed),
    ];
    let faults = faults.iter().filter(|(_, tests)| !tests.is_empty());
    let faults: Vec<_> = faults.map(|(what, tests)| format!("{what}: {}", list(tests))).collect();
    if faults.is_empty() {
        Ok(results.passed.len())
    } else {
        Err(CheckError::Found(format!("without {ACTION} for {FUNCTION} {}", faults.join("; "))))
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The wiring without the grant.
fn without(wiring: &str) -> Result<String, CheckError> {
    let not_there =
        || CheckError::Found(format!("{FUNCTION} is not granted {ACTION}: take another grant in deploy-check/src/grant.rs"));
    let mut wiring: Value = serde_json::from_str(wiring).map_err(|error| CheckError::Found(format!("wiring.json: {error}")))?;
    let grants = wiring["functions"][FUNCTION]["grants"].as_array_mut().ok_or_else(not_there)?;
    let mut taken = false;
    for actions in grants.iter_mut().filter_map(|grant| grant["actions"].as_array_mut()) {
        actions.retain(|action| {
            action != ACTION || {
                taken = true;
                false
            }
        });
    }
    if taken { Ok(wiring.to_string()) } else { Err(not_there()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_is_there_to_be_taken() {
        let wiring = build::generate::wiring_file(koban::registry::SERVICES).text;
        let taken: Value = serde_json::from_str(&without(&wiring).unwrap()).unwrap();
        assert_eq!(taken["functions"][FUNCTION]["grants"][0]["actions"], serde_json::json!([]));
        assert!(without(&taken.to_string()).unwrap_err().to_string().contains("take another"));
    }

    fn results(passed: &[&str], failed: &[&str]) -> Results {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Results { passed: set(passed), failed: set(failed), ..Results::default() }
    }

    #[test]
    fn what_must_fail_and_what_must_pass_is_run() {
        let is_run = |test: &&str| MODULES.iter().any(|module| test.starts_with(module));
        assert!(FAILING.iter().chain(&NEIGHBORS).all(is_run));
    }

    #[test]
    fn those_fail_that_must_and_no_other() {
        let verdict = |results: Results| judge(&results).unwrap_err().to_string();
        assert_eq!(judge(&results(&NEIGHBORS, &FAILING)).unwrap(), NEIGHBORS.len());
        let one_passes = verdict(results(&[&NEIGHBORS, &FAILING[..1]].concat(), &FAILING[1..]));
        assert!(one_passes.ends_with(&format!("these tests do not fail: {}", FAILING[0])), "{one_passes}");
        let another_fails = verdict(results(&NEIGHBORS, &[&FAILING[..], &["racing::get_slip::one"]].concat()));
        assert!(another_fails.ends_with("these fail that do not need it: racing::get_slip::one"), "{another_fails}");
        let no_neighbor = verdict(results(&NEIGHBORS[1..], &FAILING));
        assert!(no_neighbor.ends_with(&format!("do not pass: {}", NEIGHBORS[0])), "{no_neighbor}");
        let everything_fails = verdict(results(&[], &[&FAILING[..], &NEIGHBORS].concat()));
        assert!(everything_fails.contains("these fail that do not need it") && everything_fails.contains("do not pass"));
    }
}
