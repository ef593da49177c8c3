//! `koban deploy-check`: a whole deployment on this machine. It makes the release zips, runs `terraform apply` with the real provider and
//! IAM enforced, and then the end-to-end suite against that API. It stops all programs that it started, also when it fails or is
//! interrupted.

mod again;
mod drift;
mod emulator;
mod error;
mod grant;
mod operations;
mod program;
mod steps;
mod suite;
mod terraform;
mod tools;
mod workplace;

use build::generate;
use build::package::{self, Architecture, Manifest};
use clap::Parser;
use cloud::{Cloud, new_secret};
use drift::Drift;
use emulator::Emulator;
use error::CheckError;
use koban::registry;
use operations::Operator;
use program::Running;
use std::process::ExitCode;
use steps::Steps;
use suite::Suite;
use terraform::{Outputs, Terraform};
use tokio::signal::unix::{SignalKind, signal};
use tools::Tools;
use workplace::Workplace;

const STEPS: [&str; 16] = [
    "tools",
    "generated files",
    "build",
    "zip sizes",
    "same bytes",
    "emulator",
    "issuer",
    "terraform",
    "compiling the suite",
    "suite",
    "operations",
    "drift",
    "least privilege",
    "destroy",
    "stop",
    "time",
];

/// How long the check may take, in seconds, with what it has to build.
const SECONDS_MAX: f64 = 1_800.0;

/// What a creation is refused with that the provider sent again, most likely because the emulator lost the reply. A name that
/// is really used twice is refused at the second attempt as well.
const ALREADY_EXISTS: &str = "AlreadyExists";

/// Apply terraform/ to an emulator of AWS and run the end-to-end suite against the API it made
#[derive(Debug, Clone, Parser)]
#[command(
    name = "koban deploy-check",
    bin_name = "koban deploy-check",
    max_term_width = 100,
    after_help = "\
Needs Terraform, Python 3 with venv, and once the network (or mirrors) for pip and for Terraform's AWS provider.
Logs and everything else are in target/deploy-check. Exit code 0 only if every step passed; the last line says so.

Examples:
  koban deploy-check
  koban deploy-check --only place_slip     the tests whose names contain this; no same bytes, no least privilege
  koban deploy-check --keep                leave it running at the end, to look around"
)]
struct Arguments {
    /// Of the suite, only the tests whose names contain this
    #[arg(long, value_name = "FILTER")]
    only: Option<String>,
    /// Leave everything running at the end, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// End with one JSON object on standard output instead of a table
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CheckError::io("starting"));
    match runtime.and_then(|runtime| runtime.block_on(run(arguments))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("koban deploy-check: {}", platform::problem::chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Whether every step passed.
async fn run(arguments: Arguments) -> Result<bool, CheckError> {
    let workplace = Workplace::new(&generate::root())?;
    let mut check = Check { arguments, workplace, steps: Steps::new(&STEPS), emulator: None, issuer: None };
    // One listener from the first moment on: no Ctrl-C falls into a gap.
    let mut interrupted = std::pin::pin!(interruption()?);
    tokio::select! {
        biased;
        () = &mut interrupted => eprintln!("\nStopping."),
        () = check.all() => if check.arguments.keep && check.emulator.is_some() {
            eprintln!("Everything keeps running; logs are in {}. Ctrl-C stops it.", check.workplace.log("*").display());
            interrupted.await;
        },
    }
    check.stop().await;
    let seconds = check.steps.seconds();
    check.steps.run("time", async { in_time(seconds) }).await;
    if check.arguments.json {
        println!("{}", check.steps.json());
    } else {
        println!("{}\n{}", check.steps.table(), check.steps.verdict());
    }
    Ok(check.steps.passed())
}

/// Completes with the first Ctrl-C, with a termination signal, or when the terminal is closed.
fn interruption() -> Result<impl Future<Output = ()>, CheckError> {
    let listen = |kind| signal(kind).map_err(CheckError::io("listening to Ctrl-C"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// One run.
struct Check {
    arguments: Arguments,
    workplace: Workplace,
    steps: Steps,
    emulator: Option<Emulator>,
    /// A local cloud without services: its issuer is what is wanted of it.
    issuer: Option<Cloud>,
}

/// What Terraform made, and what makes it usable.
struct Deployed {
    terraform: Terraform,
    outputs: Outputs,
    feed_secret: String,
    token_url: String,
}

impl Check {
    async fn all(&mut self) {
        if let Some(deployed) = self.deploy().await {
            self.examine(&deployed).await;
        }
    }

    /// From nothing to an API that answers.
    async fn deploy(&mut self) -> Option<Deployed> {
        let tools = self.steps.run("tools", async { tools::find() }).await?;
        self.steps.run("generated files", async { fresh() }).await?;
        let manifest = self.steps.run("build", build(&self.workplace)).await?;
        // Meanwhile: it keeps one core busy, and so does what comes next.
        let log = self.workplace.log("suite-build");
        let compiling = Running::start(suite::build(&self.workplace), &log);
        self.steps.run("zip sizes", async { sizes(&manifest) }).await;
        if self.arguments.only.is_some() {
            self.steps.leave_out("same bytes", "with --only");
        } else {
            let again = async { Ok(((), again::build(&self.workplace, &manifest).await?)) };
            self.steps.run("same bytes", again).await;
        }
        self.emulator = Some(self.steps.run("emulator", emulate(&self.workplace)).await?);
        self.issuer = Some(self.steps.run("issuer", issue(&self.workplace)).await?);
        let (emulator, issuer) = (self.emulator.as_ref()?, self.issuer.as_ref()?);
        let deployed = self.steps.run("terraform", apply(&self.workplace, &tools, emulator, issuer)).await?;
        let compiled = async { compiling?.succeed("compiling the suite", &log).await.map(|()| ((), String::new())) };
        self.steps.run("compiling the suite", compiled).await?;
        Some(deployed)
    }

    /// Whether it does what it should, and only that; then takes it down.
    async fn examine(&mut self, deployed: &Deployed) {
        let suite = deployed.suite(&self.workplace);
        self.steps.run("suite", test(&suite, self.arguments.only.as_deref())).await;
        if let Some(emulator) = &self.emulator {
            let operator = Operator { workplace: &self.workplace, emulator, deployed };
            self.steps.run("operations", async { Ok(((), operator.work().await?)) }).await;
        }
        self.steps.run("drift", look_for_drift(&deployed.terraform)).await;
        if self.arguments.only.is_some() {
            self.steps.leave_out("least privilege", "with --only");
        } else if let Some(emulator) = &self.emulator {
            let bench = grant::Bench { terraform: &deployed.terraform, emulator, suite, outputs: &deployed.outputs };
            self.steps.run("least privilege", async { Ok(((), bench.check().await?)) }).await;
        }
        if self.arguments.keep {
            self.steps.leave_out("destroy", "with --keep");
        } else {
            self.steps.run("destroy", async { deployed.terraform.destroy().await.map(|()| ((), String::new())) }).await;
        }
        if let Some(emulator) = self.emulator.as_ref().filter(|_| self.arguments.keep) {
            eprintln!(
                "The API: {}\nThe emulator of AWS: {}\nTokens: {}?sub=NAME",
                deployed.outputs.api_url, emulator.url, deployed.token_url
            );
        }
    }

    async fn stop(&mut self) {
        let (emulator, issuer) = (self.emulator.take(), self.issuer.take());
        let stop = async {
            if let Some(emulator) = emulator {
                emulator.stop().await;
            }
            if let Some(issuer) = issuer {
                issuer.stop().await;
            }
            Ok(((), String::new()))
        };
        self.steps.run("stop", stop).await;
    }
}

impl Deployed {
    fn suite<'a>(&'a self, workplace: &'a Workplace) -> Suite<'a> {
        Suite { workplace, api_url: &self.outputs.api_url, feed_secret: &self.feed_secret, token_url: &self.token_url }
    }
}

/// Checks that the generated files are fresh, before anything is built. Stale files would be deployed, with functions that were built from
/// something else.
fn fresh() -> Result<((), String), CheckError> {
    let stale = generate::stale(registry::SERVICES);
    if stale.is_empty() { Ok(((), "are what the definitions say".into())) } else { Err(CheckError::Found(stale.join("\n"))) }
}

/// The functions, built and packed.
async fn build(workplace: &Workplace) -> Result<(Manifest, String), CheckError> {
    let (cargo, binaries) = package::cargo_build(&workplace.root, registry::SERVICES);
    program::succeed("building the functions", cargo, &workplace.log("build")).await?;
    let directory = package::directory(&workplace.root);
    let functions: Vec<_> = registry::functions().collect();
    let pack = move || package::pack(&directory, &binaries, &functions, Architecture::here());
    let packed = tokio::task::spawn_blocking(pack).await;
    let manifest = packed.map_err(|error| CheckError::Found(format!("packing ended early: {error}")))??;
    let found = format!("{} functions for {}", manifest.functions.len(), manifest.architecture);
    Ok((manifest, found))
}

/// What is too large can still be deployed: the check goes on, and does not pass.
fn sizes(manifest: &Manifest) -> Result<((), String), CheckError> {
    package::check_sizes(manifest)?;
    let largest = manifest.functions.values().map(|function| function.bytes).max().unwrap_or_default();
    Ok(((), format!("the largest has {} KB, of at most {}", largest / 1_000, package::ZIP_BYTES_MAX / 1_000)))
}

/// A check that takes longer and longer is one that people leave out.
fn in_time(seconds: f64) -> Result<((), String), CheckError> {
    let found = format!("{seconds:.0} s of at most {SECONDS_MAX:.0} s");
    if seconds <= SECONDS_MAX { Ok(((), found)) } else { Err(CheckError::Found(found)) }
}

async fn emulate(workplace: &Workplace) -> Result<(Emulator, String), CheckError> {
    emulator::install(workplace).await?;
    let emulator = emulator::start(workplace).await?;
    let found = emulator.url.clone();
    Ok((emulator, found))
}

async fn issue(workplace: &Workplace) -> Result<(Cloud, String), CheckError> {
    let port = emulator::free_port()?;
    // Verifiers of its tokens find its keys by its name alone, so the name must be its address.
    let name = format!("http://127.0.0.1:{port}");
    let config = cloud::Config { port, issuer: Some(name.clone()), ..cloud::Config::new(workplace.issuer(), &[]) };
    Ok((cloud::start(config).await?, name))
}

async fn apply(
    workplace: &Workplace,
    tools: &Tools,
    emulator: &Emulator,
    issuer: &Cloud,
) -> Result<(Deployed, String), CheckError> {
    let terraform = Terraform::new(workplace, emulator, issuer.url())?;
    terraform.init(tools).await?;
    let restart = async || {
        emulator.reset().await?;
        terraform.forget()
    };
    let attempt = at_most_twice(async || terraform.apply().await, restart).await?;
    let lost = if attempt == 1 { "" } else { " at the second attempt, after an AlreadyExists in a fresh emulator" };
    let outputs = terraform.outputs()?;
    let feed_secret = new_secret();
    for name in outputs.secret_names.values() {
        emulator.put_secret(name, &feed_secret).await?;
    }
    let found = format!("{}{lost}", outputs.api_url);
    let token_url = format!("{}/_local/token", issuer.url());
    Ok((Deployed { terraform, outputs, feed_secret, token_url }, found))
}

/// Runs `work`. If something exists that only an earlier attempt can have made, it restarts and runs `work` once more. Returns the attempt
/// that succeeded.
async fn at_most_twice(
    work: impl AsyncFn() -> Result<(), CheckError>,
    restart: impl AsyncFn() -> Result<(), CheckError>,
) -> Result<u32, CheckError> {
    match work().await {
        Err(CheckError::Ended { tail, .. }) if tail.contains(ALREADY_EXISTS) => {
            eprintln!("{tail}\nIn a fresh emulator: everything is forgotten and applied once more.");
            restart().await?;
            work().await.map(|()| 2)
        }
        worked => worked.map(|()| 1),
    }
}

async fn test(suite: &Suite<'_>, only: Option<&str>) -> Result<((), String), CheckError> {
    let results = match only {
        Some(filter) => suite.run([filter]).await?,
        None => suite.run_all().await?,
    };
    if results.failed.is_empty() {
        return Ok(((), results.summary()));
    }
    let failed: Vec<_> = results.failed.iter().map(String::as_str).collect();
    Err(CheckError::Found(format!(
        "{}; see {}:\n{}",
        results.summary(),
        suite.workplace.log("suite").display(),
        failed.join("\n")
    )))
}

async fn look_for_drift(terraform: &Terraform) -> Result<((), String), CheckError> {
    let Drift { found, excused } = terraform.drift().await?;
    if !found.is_empty() {
        return Err(CheckError::Found(format!("a second apply would change {}:\n{}", found.len(), found.join("\n"))));
    }
    Ok((
        (),
        match excused.len() {
            0 => "the second plan is empty".into(),
            count => {
                format!("the second plan is empty but for {count} alarms that the emulator returns incompletely (decision 0009)")
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn ended(tail: &str) -> CheckError {
        CheckError::Ended { what: "terraform apply", log: "log".into(), tail: tail.into() }
    }

    /// The result of applies that fail with `failures` and then succeed, and the number of restarts.
    async fn apply_with(failures: &[&str]) -> (Result<u32, String>, usize) {
        let (applied, restarts) = (Cell::new(0), Cell::new(0));
        let apply = async || {
            let attempt = applied.replace(applied.get() + 1);
            failures.get(attempt).map_or(Ok(()), |tail| Err(ended(tail)))
        };
        let restart = async || {
            restarts.set(restarts.get() + 1);
            Ok(())
        };
        let applied = at_most_twice(apply, restart).await;
        (applied.map_err(|error| error.to_string()), restarts.get())
    }

    #[test]
    fn a_check_that_takes_too_long_fails() {
        assert!(in_time(SECONDS_MAX).is_ok());
        assert!(in_time(SECONDS_MAX + 1.0).unwrap_err().to_string().contains("1801 s of at most 1800 s"));
    }

    #[tokio::test]
    async fn only_what_exists_already_is_tried_again_and_only_once() {
        let exists = "ResourceAlreadyExistsException: The specified log group already exists";
        assert_eq!(apply_with(&[]).await, (Ok(1), 0));
        assert_eq!(apply_with(&[exists]).await, (Ok(2), 1));
        let (twice, restarts) = apply_with(&[exists, exists]).await;
        assert!(twice.unwrap_err().ends_with(exists) && restarts == 1);
        let (denied, restarts) = apply_with(&["AccessDenied"]).await;
        assert!(denied.unwrap_err().ends_with("AccessDenied") && restarts == 0);
    }
}
