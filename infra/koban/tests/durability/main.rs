//! What was acknowledged survives `kill -9` at any moment. `koban up` runs as a child process, and `koban demo --url` uses it from outside
//! and keeps every acknowledgement. The child is killed and started again on the same directory. At the end it is asked for everything that
//! it acknowledged. What is checked here is read through the API alone and shares no code with `koban verify`, which must agree.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod acknowledged;
mod ask;
mod check;
mod child;
mod first_start;
mod found;
mod kills;
mod refusals;
mod replay;
mod samples;

use acknowledged::Acknowledged;
use ask::Asking;
use child::{Cloud, koban};
use fastrand::Rng;
use found::Found;
use jiff::SignedDuration;
use kills::Kills;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// How often the cloud is killed while a day is played on it: few in every run of the tests, 20 when asked for.
const ROUNDS: &str = "KOBAN_DURABILITY_ROUNDS";
const ROUNDS_DEFAULT: usize = 3;
/// The moments of the kills follow from it. It is printed, and random when not given.
const SEED: &str = "KOBAN_DURABILITY_SEED";
/// So that kills of any number find a day long enough.
const SLIPS_PER_ROUND: usize = 60;
const BETTORS: usize = 48;

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// A generator of its own for each test, and its seed said aloud.
fn random() -> Rng {
    let seed = variable(SEED).unwrap_or_else(|| fastrand::u64(..));
    println!("the seed is {seed} ({SEED} repeats it)");
    Rng::with_seed(seed)
}

#[tokio::test]
async fn everything_acknowledged_is_there_after_every_kill() {
    let rounds = variable(ROUNDS).unwrap_or(ROUNDS_DEFAULT);
    let slips = SLIPS_PER_ROUND * (rounds + 1);
    let mut rng = random();
    let directory = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(directory.path());
    cloud.until_ready().await;
    let file = directory.path().join("acknowledgements.jsonl");
    let mut demo = Demo::start(&cloud, directory.path(), slips, &file);
    Kills::plan(rounds, slips, BETTORS, &mut rng).carry_out(&mut cloud, &file, &mut demo).await;
    assert!(demo.child.wait().unwrap().success(), "the demo did not end clean:\n{}", demo.said());
    let said = demo.said();
    let repeats = said.lines().find(|line| line.contains("repeated"));
    println!("the demo: {}", repeats.expect("calls that were repeated: it was never interrupted"));

    cloud.restart().await;
    let acknowledged = acknowledged::read(&file);
    println!("{} acknowledgements: {:?}", acknowledged.len(), acknowledged::count(&acknowledged));
    nothing_is_off(&cloud, &acknowledged).await;

    println!("every request again, with its own key");
    replay::all(&cloud, &acknowledged, replay::Medals::SameDay).await;
    replay::refuses_another_body(&cloud, &acknowledged).await;
    nothing_is_off(&cloud, &acknowledged).await;

    println!("thirty days on, every request again");
    let mut asking = Asking::of(&cloud);
    asking.advance_clock(SignedDuration::from_hours(30 * 24 + 1)).await;
    cloud.restart().await;
    replay::all(&cloud, &acknowledged, replay::Medals::AnotherDay).await;
    replay::refuses_another_body(&cloud, &acknowledged).await;
    nothing_is_off(&cloud, &acknowledged).await;
    a_loss_would_be_seen(&cloud, &acknowledged).await;
}

/// Everything acknowledged is there, nothing twice, nothing is left undone, and `koban verify` agrees.
async fn nothing_is_off(cloud: &Cloud, acknowledged: &[Acknowledged]) {
    let mut asking = Asking::of(cloud);
    asking.until_nothing_is_queued().await;
    let found = Found::read(&mut asking, acknowledged).await;
    let faults = check::faults(acknowledged, &found);
    assert!(faults.is_empty(), "{} things are off:\n{}", faults.len(), faults.join("\n"));
    let proved = verified(cloud);
    assert!(proved.status.success(), "{}", String::from_utf8_lossy(&proved.stderr));
}

fn verified(cloud: &Cloud) -> std::process::Output {
    koban(&["verify", "--data", cloud.data().to_str().unwrap()]).output().unwrap()
}

/// The newest line of somebody's wallet is taken away behind the cloud's back.
async fn a_loss_would_be_seen(cloud: &Cloud, acknowledged: &[Acknowledged]) {
    let table = "koban-local-wallet";
    let scanned = cloud.aws("Scan", &json!({"TableName": table})).await;
    let of_wallets = |item: &&Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("wallet#"));
    let line = scanned["Items"].as_array().unwrap().iter().rfind(of_wallets).unwrap();
    let key = json!({"pk": line["pk"], "sk": line["sk"]});
    cloud.aws("DeleteItem", &json!({"TableName": table, "Key": key})).await;
    let found = Found::read(&mut Asking::of(cloud), acknowledged).await;
    assert!(!check::faults(acknowledged, &found).is_empty(), "{key} was taken away, and nothing was found to be off");
    assert!(!verified(cloud).status.success());
}

/// The demo, ended with the test.
struct Demo {
    child: Child,
    log: PathBuf,
}

impl Demo {
    fn start(cloud: &Cloud, directory: &Path, slips: usize, file: &Path) -> Self {
        let log = directory.join("demo.log");
        let said = std::fs::File::create(&log).unwrap();
        let (url, slips, bettors) = (cloud.url(), slips.to_string(), BETTORS.to_string());
        let (data, file) = (cloud.data().to_str().unwrap(), file.to_str().unwrap());
        let arguments =
            ["demo", "--url", &url, "--data", data, "--slips", &slips, "--bettors", &bettors, "--acknowledgements", file];
        let mut command = koban(&arguments);
        let child = command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
        Self { child, log }
    }

    fn is_playing(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
