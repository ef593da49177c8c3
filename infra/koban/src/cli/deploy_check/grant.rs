//! Whether grants bite: one is taken away, and then exactly that function must fail, saying why in its log, and work again when it has
//! the grant back. Without this a check on an emulator that enforces nothing would pass as well.

use super::emulator::Emulator;
use super::error::CheckError;
use super::suite::Suite;
use super::terraform::{Outputs, Terraform};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is taken away, and from whom.
const FUNCTION: &str = "get-wallet";
const ACTION: &str = "dynamodb:Query";
/// The function's tests, which must fail where they come as far as the table; one that certainly does.
const TESTS: &str = "get_wallet::";
const NAMED: &str = "functions::get_wallet::a_new_wallet_is_empty";
/// Tests that lean on functions with the same grant on the same table, which keep it: `collect-topup` and `list-wallet-lines`. They must
/// not ask for a balance.
const NEIGHBOUR_TESTS: &str = "collect_topup::";

/// What is worked with.
pub struct Bench<'a> {
    pub terraform: &'a Terraform,
    pub emulator: &'a Emulator,
    pub suite: Suite<'a>,
    pub outputs: &'a Outputs,
}

impl Bench<'_> {
    /// Takes the grant away, looks, and puts it back. Tells what was found.
    pub async fn check(&self) -> Result<String, CheckError> {
        let path = self.terraform.wiring();
        let wiring = std::fs::read_to_string(&path).map_err(CheckError::io(path.display()))?;
        std::fs::write(&path, without(&wiring)?).map_err(CheckError::io(path.display()))?;
        self.terraform.apply().await?;
        let bitten = self.bitten().await;
        std::fs::write(&path, wiring).map_err(CheckError::io(path.display()))?;
        self.terraform.apply().await?;
        let bitten = bitten?;
        let again = self.suite.run(&[TESTS]).await?;
        if !again.failed.is_empty() {
            return Err(CheckError::Found(format!("{FUNCTION} has its grant back, and still fail: {}", list(&again.failed))));
        }
        Ok(bitten)
    }

    async fn bitten(&self) -> Result<String, CheckError> {
        let since = Timestamp::now();
        let results = self.suite.run(&[TESTS, NEIGHBOUR_TESTS]).await?;
        if !results.failed.contains(NAMED) {
            return Err(CheckError::Found(format!("{NAMED} passes although {FUNCTION} may not {ACTION}")));
        }
        let others: BTreeSet<_> = results.failed.iter().filter(|name| !name.contains(TESTS)).cloned().collect();
        if !others.is_empty() {
            return Err(CheckError::Found(format!("without {ACTION} for {FUNCTION} others fail: {}", list(&others))));
        }
        let group =
            self.outputs.log_groups.get(FUNCTION).ok_or_else(|| CheckError::Found(format!("{FUNCTION} has no log group")))?;
        let log = self.emulator.log_of(group, since).await?;
        if !log.iter().any(|line| line.contains("AccessDenied") && line.contains(ACTION)) {
            return Err(CheckError::Found(format!(
                "the log of {FUNCTION} has {} lines, none of which says AccessDenied for {ACTION}",
                log.len()
            )));
        }
        let failed = results.failed.len();
        Ok(format!("without {ACTION}, {failed} tests of {FUNCTION} failed and no other; its log says AccessDenied"))
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The wiring without the grant.
fn without(wiring: &str) -> Result<String, CheckError> {
    let not_there =
        || CheckError::Found(format!("{FUNCTION} is not granted {ACTION}: take another grant in deploy_check/grant.rs"));
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
        let wiring = crate::generate::wiring_file().text;
        let taken: Value = serde_json::from_str(&without(&wiring).unwrap()).unwrap();
        assert_eq!(taken["functions"][FUNCTION]["grants"][0]["actions"], serde_json::json!([]));
        assert!(without(&taken.to_string()).unwrap_err().to_string().contains("take another"));
    }
}
