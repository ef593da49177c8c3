//! The command line. Each command has its own file, with its arguments, its help and its work. This file has only the list of commands,
//! their shared runtime and their exit codes.

mod by_cargo;
mod demo;
mod deploy_target;
mod error;
mod feed;
mod generated;
mod new;
mod output;
mod package;
mod panics;
mod publish;
mod redrive;
mod republish;
mod secret;
mod services;
mod simulate;
mod token;
mod up;
mod verify;

pub use error::CliError;
pub use panics::install as report_panics_as_bugs;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use client::or_interrupted;
use operations::environment;
use std::process::ExitCode;

/// A serverless backend's whole cloud on your machine: wallets, race betting, settlement.
///
/// Without a command it starts the local cloud, as `koban up` does.
#[derive(Debug, Parser)]
#[command(name = "koban", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES, max_term_width = 100)]
struct Koban {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Arguments,
}

const EXAMPLES: &str = "\
`koban` is target/release/koban once it is built; `cargo run --release -- COMMAND` builds it and runs the same. \
`koban COMMAND --help` has examples of each command.

Examples:
  koban            # the local cloud, on http://127.0.0.1:4000
  koban demo       # a race day is bet and settled, and proved
  koban verify     # proves what the local cloud has stored so far";

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the local cloud and keep it running until Ctrl-C
    Up(up::Arguments),
    /// Play what services do through the HTTP API, check every proof and print a table
    Demo(demo::Arguments),
    /// Post race programs and results of the Boatrace Open API to the signed feeds
    Feed(feed::Arguments),
    /// Print a development token for a user
    Token(token::Arguments),
    /// Print a new secret for the signed feeds of a deployment
    Secret(secret::Arguments),
    /// Put a message on a queue: any worker can be started by hand
    Publish(publish::Arguments),
    /// Replay every journal and compare every record with its independent counterparts
    Verify(verify::Arguments),
    /// Break everything on purpose: seeded simulations of the real functions, and every crash point
    Simulate(simulate::Arguments),
    /// Add a function: its file, binary, entry and a test that says what to write
    New(new::Arguments),
    /// Show the dead letters of every queue, or move one's back to it
    Redrive(redrive::Arguments),
    /// Publish the events of a table's records in a range of time once more
    Republish(republish::Arguments),
    /// Write terraform/wiring.json and the event schemas from the functions' definitions
    #[command(after_help = generated::WIRING)]
    Wiring(generated::Arguments),
    /// Write docs/openapi.json from the functions' definitions
    #[command(after_help = generated::OPENAPI)]
    Openapi(generated::Arguments),
    /// Build every function and zip it for AWS Lambda, with the manifest that Terraform reads
    Package(package::Arguments),
    /// Apply terraform/ to an emulator of AWS and run the end-to-end suite against the API it made
    #[command(disable_help_flag = true)]
    DeployCheck(by_cargo::Passed),
}

/// Runs the command that the process was given.
pub fn run() -> ExitCode {
    report_panics_as_bugs();
    let given = match Koban::command().try_get_matches() {
        Ok(given) => given,
        Err(help) => return show(&help),
    };
    if let Some(name) = environment_of(&given).filter(|_| !cfg!(feature = "aws")) {
        let reach = |()| by_cargo::run("reaches AWS", by_cargo::KOBAN_WITH_AWS, std::env::args_os().skip(1));
        return end(Err(environment::check(name).map_or_else(CliError::from, reach)));
    }
    let arguments = match Koban::from_arg_matches(&given) {
        Ok(arguments) => arguments,
        Err(error) => return show(&error),
    };
    let command = arguments.command.unwrap_or(Command::Up(arguments.up));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return end(Err(CliError::Io { what: "starting", source: error })),
    };
    end(runtime.block_on(async {
        // Commands that must clean up listen to Ctrl-C themselves; the others just end.
        match command {
            Command::Up(arguments) => up::run(arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
            Command::Feed(arguments) => or_interrupted(feed::run(arguments)).await,
            Command::Token(arguments) => or_interrupted(token::run(arguments)).await,
            Command::Publish(arguments) => or_interrupted(publish::run(arguments)).await,
            Command::Secret(arguments) => secret::run(&arguments),
            Command::Simulate(arguments) => simulate::run(&arguments),
            Command::New(arguments) => new::run(&arguments),
            Command::Verify(arguments) => or_interrupted(verify::run(arguments)).await,
            Command::Redrive(arguments) => or_interrupted(redrive::run(arguments)).await,
            Command::Republish(arguments) => or_interrupted(republish::run(arguments)).await,
            Command::Wiring(arguments) => generated::run(&arguments, build::generate::wiring),
            Command::Openapi(arguments) => generated::run(&arguments, build::generate::openapi),
            Command::Package(arguments) => package::run(&arguments),
            Command::DeployCheck(passed) => Err(by_cargo::run("checks a deployment", by_cargo::DEPLOY_CHECK, passed.arguments)),
        }
    }))
}

/// The environment on AWS that a command works in.
fn environment_of(given: &ArgMatches) -> Option<&String> {
    let (_, given) = given.subcommand()?;
    given.try_get_one("environment").ok().flatten()
}

/// What shells expect of a process that was interrupted.
const INTERRUPTED: u8 = 130;
/// What shells expect of a process whose reader has gone.
const NOBODY_READS: u8 = 141;

/// Prints the help that was asked for, or what is wrong with the arguments.
fn show(error: &clap::Error) -> ExitCode {
    match error.print() {
        Ok(()) => u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(unprinted) => end(Err(output::failed(unprinted))),
    }
}

fn end(result: Result<(), CliError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError::NotClean) => ExitCode::FAILURE,
        Err(CliError::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(CliError::NobodyReads) => ExitCode::from(NOBODY_READS),
        Err(error) => {
            output::note(format!("koban: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Koban::command().debug_assert();
    }

    /// Not those of the commands whose examples have their explanations behind them: no shell takes these as they are.
    const UNPASTABLE: [&str; 2] = ["demo", "deploy-check"];

    /// What a shell makes of an example, as `koban`'s arguments.
    fn arguments(example: &str) -> Vec<String> {
        let example = example.replace("cargo run --release --", "koban").replace("target/release/koban", "koban");
        let script =
            format!("koban() {{ printf '%s\\n' koban \"$@\" >&2; echo printed; }}; curl() {{ :; }}; aws() {{ :; }}; {example}");
        let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(ran.status.success(), "{example}: {ran:?}");
        String::from_utf8(ran.stderr).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_example_works_as_pasted_on_80_columns() {
        let koban = Koban::command();
        let commands = koban.get_subcommands().filter(|command| !UNPASTABLE.contains(&command.get_name()));
        for command in commands.chain([&koban]) {
            let help = command.get_after_help().unwrap().to_string();
            let (_, examples) = help.split_once("Examples:\n").unwrap();
            for line in examples.lines() {
                assert!(line.starts_with("  ") && line.chars().count() <= 80, "{line}");
            }
            let examples = examples.replace("\\\n", " ");
            assert!(examples.lines().count() > 0, "{}", command.get_name());
            for example in examples.lines() {
                let arguments = arguments(example);
                assert!(arguments.len() > usize::from(command.get_name() != "koban"), "{example}: {arguments:?}");
                if let Err(error) = Koban::try_parse_from(&arguments) {
                    panic!("{example}: {error}");
                }
            }
        }
    }

    #[test]
    fn an_environment_is_known_of_every_command_that_takes_one() {
        let with_environment = |arguments: &[&str]| {
            let given = [&["koban"], arguments, &["--environment", "alpha"]].concat();
            let given = Koban::command().try_get_matches_from(given).unwrap();
            environment_of(&given).cloned()
        };
        let commands: [&[&str]; 5] = [
            &["verify"],
            &["feed", "x"],
            &["redrive"],
            &["publish", "x", "{}"],
            &["republish", "x", "--from", "2026-11-21T03:10:00Z", "--to", "2026-11-21T04:00:00Z"],
        ];
        for command in commands {
            assert_eq!(with_environment(command).as_deref(), Some("alpha"), "{command:?}");
        }
        let takes_one = Koban::command()
            .get_subcommands()
            .filter(|command| command.get_arguments().any(|it| it.get_id() == "environment"))
            .count();
        assert_eq!(takes_one, commands.len());
        assert_eq!(environment_of(&Koban::command().try_get_matches_from(["koban", "up"]).unwrap()), None);
        assert_eq!(environment_of(&Koban::command().try_get_matches_from(["koban", "verify"]).unwrap()), None);
    }

    #[test]
    fn no_command_is_up() {
        let arguments = Koban::try_parse_from(["koban", "--port", "4100"]).unwrap();
        assert!(arguments.command.is_none());
        assert_eq!(arguments.up.port(), 4100);
        assert!(Koban::try_parse_from(["koban", "frobnicate"]).is_err());
    }
}
