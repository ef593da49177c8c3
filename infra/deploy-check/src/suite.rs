//! The end-to-end suite, run against the API that Terraform made: the tests of each service, and those that cross services. What they
//! need of a local cloud they say themselves and leave out; no list of tests is kept here that could fall behind them.

use super::error::CheckError;
use super::program;
use super::workplace::Workplace;
use koban::registry;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use testing::{NOT_RUN, RESENT};

/// The package of the tests that cross services.
const CROSSING: &str = "tests";
/// How a test begins that asks an API; one that does not has no business here.
const STARTS: [&str; 2] = ["Target::start", "crate::start"];
/// Tests at once. They wait most of their time, for races to settle; how many of them ask at once their harness bounds.
const TEST_THREADS: &str = "48";

/// A package with end-to-end tests.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: &'static str,
    /// Where its manifest is, beneath the repository's root.
    folder: String,
}

/// The packages of the suite: the tests that cross services, then each service.
fn packages() -> Vec<Package> {
    let crossing = Package { name: CROSSING, folder: CROSSING.into() };
    let service = |name: &'static str| Package { name, folder: format!("functions/{name}") };
    let services = registry::SERVICES.iter().map(|of| service(of.name));
    std::iter::once(crossing).chain(services).collect()
}

impl Package {
    /// Where its tests are, each module a file or a folder.
    fn tests(&self, root: &Path) -> PathBuf {
        let tests = root.join(&self.folder);
        if self.name == CROSSING { tests.join("it") } else { tests.join("tests/it") }
    }
}

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
    cargo(workplace)
}

/// In release, with the packages' own features: what they depend on was compiled for the command line that runs this.
fn cargo(workplace: &Workplace) -> Command {
    let mut cargo = build::cargo::command();
    cargo.current_dir(&workplace.root).args(["test", "--release", "--locked", "--no-run", "--test", "it"]);
    cargo.args(packages().iter().flat_map(|package| ["-p", package.name]));
    cargo
}

/// What cargo says of a binary that it built.
#[derive(serde::Deserialize)]
struct Artifact {
    #[serde(default)]
    manifest_path: PathBuf,
    executable: Option<PathBuf>,
}

/// The test binary of each package, built before.
fn binaries(workplace: &Workplace) -> Result<Vec<(Package, PathBuf)>, CheckError> {
    let summary = cargo(workplace).arg("--message-format=json").output().map_err(CheckError::io("cargo"))?;
    let text = String::from_utf8_lossy(&summary.stdout);
    let built: Vec<Artifact> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of = |package: Package| {
        let manifest = workplace.root.join(&package.folder).join("Cargo.toml");
        let artifact = built.iter().find(|artifact| artifact.manifest_path == manifest && artifact.executable.is_some());
        let binary = artifact.and_then(|artifact| artifact.executable.clone());
        let missing = || CheckError::Found(format!("cargo built no tests of {}", package.name));
        Ok((package.clone(), binary.ok_or_else(missing)?))
    };
    packages().into_iter().map(of).collect()
}

impl Suite<'_> {
    /// Runs every test of a module whose tests ask an API. A module of which nothing was heard is a failure, too.
    pub async fn run_all(&self) -> Result<Results, CheckError> {
        let mut results = Results::default();
        let mut silent = Vec::new();
        for (package, binary) in binaries(self.workplace)? {
            let modules = modules(&package.tests(&self.workplace.root))?;
            // A service's laws are in no module; all its tests ask an API, or say that they cannot.
            let filters = if package.name == CROSSING { modules.iter().cloned().collect() } else { Vec::new() };
            results.add(self.run_binary(&package, &binary, &filters).await?);
            silent.extend(
                modules.iter().map(|module| format!("{}::{module}", package.name)).filter(|module| !results.has_any_of(module)),
            );
        }
        if silent.is_empty() {
            Ok(results)
        } else {
            Err(CheckError::Found(format!("no test was run of {}: are they in main.rs?", silent.join(", "))))
        }
    }

    /// Runs the tests whose names, beginning with their package's, contain one of `filters`.
    pub async fn run(&self, filters: impl IntoIterator<Item: AsRef<str>>) -> Result<Results, CheckError> {
        let filters: Vec<String> = filters.into_iter().map(|filter| filter.as_ref().to_owned()).collect();
        let mut results = Results::default();
        for (package, binary) in binaries(self.workplace)? {
            let own = |filter: &String| match filter.split_once("::") {
                Some((name, test)) if packages().iter().any(|other| other.name == name) => {
                    (name == package.name).then(|| test.to_owned())
                }
                _ => Some(filter.clone()),
            };
            let filters: Vec<_> = filters.iter().filter_map(own).collect();
            if !filters.is_empty() {
                results.add(self.run_binary(&package, &binary, &filters).await?);
            }
        }
        if results.passed.is_empty() && results.failed.is_empty() {
            return Err(CheckError::Found(format!("no test is named {}", filters.join(", "))));
        }
        Ok(results)
    }

    async fn run_binary(&self, package: &Package, binary: &Path, filters: &[String]) -> Result<Results, CheckError> {
        let log = self.workplace.log("suite");
        let before = std::fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let mut command = Command::new(binary);
        command.current_dir(self.workplace.root.join(&package.folder)).args(filters);
        command.args(["--show-output", "--test-threads", TEST_THREADS]);
        command
            .env("KOBAN_TEST_URL", self.api_url)
            .env("KOBAN_TEST_FEED_SECRET", self.feed_secret)
            .env("KOBAN_TEST_TOKEN_URL", self.token_url);
        let status = program::run(command, &log).await?;
        let text = std::fs::read(&log).map_err(CheckError::io(log.display()))?;
        let from = usize::try_from(before).unwrap_or_default().min(text.len());
        let results = read(package.name, &String::from_utf8_lossy(&text[from..]));
        // One that was not run to its end has no failed test either.
        if !status.success() && results.failed.is_empty() {
            return Err(CheckError::ended("running the suite", &log));
        }
        Ok(results)
    }
}

impl Results {
    /// In one line.
    pub fn summary(&self) -> String {
        let Self { passed, failed, left_out, resent } = self;
        let (passed, failed, left_out) = (passed.len(), failed.len(), left_out.len());
        let resent = if *resent == 0 { String::new() } else { format!("; {resent} requests sent again for want of time") };
        format!("{passed} tests passed, {failed} failed, {left_out} say NOT RUN: they need a local cloud{resent}")
    }

    fn add(&mut self, other: Self) {
        self.passed.extend(other.passed);
        self.failed.extend(other.failed);
        self.left_out.extend(other.left_out);
        self.resent += other.resent;
    }

    fn has_any_of(&self, module: &str) -> bool {
        [&self.passed, &self.failed, &self.left_out].into_iter().flatten().any(|name| name.starts_with(module))
    }
}

/// The modules of the directory `tests` in which a test asks an API: `settlement::`.
fn modules(tests: &Path) -> Result<BTreeSet<String>, CheckError> {
    let mut modules = BTreeSet::new();
    for (name, path) in entries(tests)? {
        if name != "main.rs" && asks_an_api(&path)? {
            modules.insert(format!("{}::", name.trim_end_matches(".rs")));
        }
    }
    Ok(modules)
}

fn asks_an_api(path: &Path) -> Result<bool, CheckError> {
    if !path.is_dir() {
        let text = std::fs::read_to_string(path).map_err(CheckError::io(path.display()))?;
        return Ok(STARTS.iter().any(|starts| text.contains(starts)));
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

/// What the tests of `package` say; their names begin with the package's.
fn read(package: &str, log: &str) -> Results {
    let named = |name: &str| format!("{package}::{name}");
    let mut results = Results::default();
    for line in log.lines() {
        if let Some(name) = line.strip_prefix(NOT_RUN) {
            results.left_out.insert(named(name));
        } else if line.starts_with(RESENT) {
            results.resent += 1;
        } else if let Some((name, became)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            match became {
                "ok" => drop(results.passed.insert(named(name))),
                "FAILED" => drop(results.failed.insert(named(name))),
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
    fn what_became_of_each_test_is_read_from_what_it_says() {
        let results = read(
            "wallet",
            "
running 3 tests
test get_wallet::one ... ok
test get_wallet::two ... FAILED
test get_wallet::three ... ok

---- get_wallet::one stdout ----
SENT AGAIN for want of time: get_wallet::one

---- get_wallet::three stdout ----
NOT RUN against a deployed API: get_wallet::three
",
        );
        let set = |name: &str| BTreeSet::from([format!("wallet::get_wallet::{name}")]);
        assert_eq!(results, Results { passed: set("one"), failed: set("two"), left_out: set("three"), resent: 1 });
        let summary = "1 tests passed, 1 failed, 1 say NOT RUN: they need a local cloud; 1 requests sent again for want of time";
        assert_eq!(results.summary(), summary);
        assert!(results.has_any_of("wallet::get_wallet::") && !results.has_any_of("tests::settlement::"));
    }

    #[test]
    fn every_module_that_asks_an_api_is_part_of_it_and_no_other() {
        let root = build::generate::root();
        let of = |name: &str| {
            let package = packages().into_iter().find(|package| package.name == name).unwrap();
            modules(&package.tests(&root)).unwrap()
        };
        let crossing = of(CROSSING);
        for asks in ["settlement::", "budgets::", "faults::"] {
            assert!(crossing.contains(asks), "{asks} {crossing:?}");
        }
        for does_not in ["house::", "generated::", "circles::", "main::"] {
            assert!(!crossing.contains(does_not), "{does_not} {crossing:?}");
        }
        assert!(
            of("wallet").contains("get_wallet::")
                && of("racing").contains("place_slip::")
                && of("ops").contains("check_health::")
        );
    }
}
