//! `koban new`: the next function, with everything that one needs, or the next service. It leaves a tree whose tests fail until the
//! function is written; its own says what is left.

use super::CliError;
use super::output::print;
use crate::registry::SERVICES;
use build::scaffold::{File, Http, NewFunction, Plan, Schedule, Trigger, plan_function, plan_service};
use std::path::Path;
use std::process::Stdio;

#[derive(Debug, Clone, clap::Args)]
#[command(
    group(clap::ArgGroup::new("trigger").args(["http", "queue", "every_minutes", "cron"])),
    after_help = "\
Writes the function's file, its binary and its test, and adds it to the lists of its service. No file outside the service changes but
terraform/wiring.json and docs/openapi.json. All of it compiles. Its test fails until the function is written: `cargo test --release -p wallet`
runs it for the service wallet. Nothing is written when anything is wrong.

A parameter that another route has gets the same type: {race} is a RaceId. A queue is made with the type of its messages, in the
service's messages.rs, and with its dead-letter queue. A schedule's calls come through a queue of the function's name.
Without a name it makes the service alone: its crate, and its entries in the workspace. docs/adding-a-function.md shows an addition
from beginning to end.

Examples:
  koban new get-receipt --service wallet --http \"GET /v1/topups/{topup}/receipt\"
  koban new get-venues --service racing --http \"GET /v1/venues\" --public
  koban new rename-wallet --service wallet --http \"PUT /v1/wallet/name\"
  koban new count-slips --service racing --queue count-slips
  koban new sweep-receipts --service wallet --every-minutes 5
  koban new close-months --service wallet --cron \"0 3 1 * ? *\" --zone Asia/Tokyo
  koban new --service canvas --dry-run"
)]
pub struct Arguments {
    /// Verb and noun, like get-settlement: the name of its file, binary, Lambda, operation and test
    #[arg(requires = "trigger")]
    name: Option<String>,
    /// The service that it belongs to; without a function's name, the service to make
    #[arg(long)]
    service: String,
    /// It answers requests: a method and a path
    #[arg(long, value_name = "\"METHOD /v1/PATH\"", requires = "name")]
    http: Option<String>,
    /// Anyone may call the route; without this the caller must be signed in
    #[arg(long, requires = "http")]
    public: bool,
    /// It handles the messages of this new queue
    #[arg(long, value_name = "QUEUE", requires = "name")]
    queue: Option<String>,
    /// The scheduler calls it every so many minutes
    #[arg(long, value_name = "MINUTES", requires = "name")]
    every_minutes: Option<u32>,
    /// The scheduler calls it at these times: minutes, hours, day of month, month, day of week and year
    #[arg(long, value_name = "\"0 3 1 * ? *\"", requires_all = ["name", "zone"])]
    cron: Option<String>,
    /// The time zone of --cron
    #[arg(long, value_name = "Asia/Tokyo", requires = "cron")]
    zone: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &Arguments) -> Result<(), CliError> {
    let root = build::generate::root();
    let plan = match (&arguments.name, arguments.trigger()?) {
        (Some(name), Some(trigger)) => {
            let new = NewFunction { name: name.clone(), service: arguments.service.clone(), trigger };
            plan_function(&root, SERVICES, &new)?
        }
        _ => plan_service(&root, SERVICES, &arguments.service)?,
    };
    if arguments.dry_run {
        return plan.files().iter().try_for_each(show);
    }
    plan.write()?;
    list(&plan)?;
    for command in ["wiring", "openapi"] {
        generate(&root, command)?;
    }
    let service = &arguments.service;
    match &arguments.name {
        Some(name) => print(format_args!(
            "\n`cargo test --release -p {service}` fails until the function is written: {}::it_is_written says so, and so do the laws\n\
             of every route and queue. What is left: its words, its grants, its costs, its handler, its tests.",
            name.replace('-', "_")
        )),
        None => print("\nThe service has no function yet: `koban new` with a name and a trigger adds one."),
    }
}

impl Arguments {
    fn trigger(&self) -> Result<Option<Trigger>, CliError> {
        let zone = self.zone.as_deref().unwrap_or_default();
        Ok(match (&self.http, &self.queue, self.every_minutes, &self.cron) {
            (Some(route), ..) => Some(Trigger::Http(Http::parse(route, self.public)?)),
            (_, Some(queue), ..) => Some(Trigger::Queue(queue.clone())),
            (.., Some(minutes), _) => Some(Trigger::Schedule(Schedule::every_minutes(minutes)?)),
            (.., Some(fields)) => Some(Trigger::Schedule(Schedule::cron(fields, zone)?)),
            (None, None, None, None) => None,
        })
    }
}

/// New files whole, changed ones by their lines.
fn show(file: &File) -> Result<(), CliError> {
    let path = file.path.display();
    match &file.before {
        None => print(format_args!("== {path} (new)\n{}", file.text)),
        Some(before) => print(format_args!("== {path} (changed)\n{}\n", changed_lines(before, &file.text).join("\n"))),
    }
}

/// The lines that are taken out and put in. Only such edits are made here that the old lines keep their order.
fn changed_lines(before: &str, after: &str) -> Vec<String> {
    let mut after = after.lines();
    let mut changed = Vec::new();
    let mut rest: Vec<&str> = before.lines().rev().collect();
    while let Some(line) = rest.pop() {
        // A line that comes again later was only moved by what was put before it.
        if after.clone().any(|other| other == line) {
            changed.extend(after.by_ref().take_while(|other| *other != line).map(|new| format!("+{new}")));
        } else {
            changed.push(format!("-{line}"));
        }
    }
    changed.extend(after.map(|new| format!("+{new}")));
    changed
}

fn list(plan: &Plan) -> Result<(), CliError> {
    plan.files().iter().try_for_each(|file| {
        print(format_args!("{} {}", file.path.display(), if file.before.is_some() { "changed" } else { "written" }))
    })
}

/// Has the generated files made by the sources as they are now: this program was built before them. Says only what was written.
fn generate(root: &Path, command: &'static str) -> Result<(), CliError> {
    let mut run = build::cargo::command();
    run.args(["run", "--quiet", "-p", "koban"]).current_dir(root);
    if !cfg!(debug_assertions) {
        run.arg("--release");
    }
    let run = run.args(["--", command]).stderr(Stdio::inherit()).output();
    let output = run.map_err(|source| CliError::Io { what: "starting cargo", source })?;
    let said = String::from_utf8_lossy(&output.stdout);
    for line in said.lines().filter(|line| !line.ends_with(" is fresh")) {
        print(line)?;
    }
    if output.status.success() {
        return Ok(());
    }
    let help =
        format!("the files are written, but `cargo run --release -- {command}` failed: fix what it says, then run it again");
    Err(CliError::Unexpected(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_its_help_are_taken() {
        #[derive(clap::Parser)]
        struct New {
            #[command(flatten)]
            arguments: Arguments,
        }
        let help = <New as clap::CommandFactory>::command().get_after_help().unwrap().to_string();
        let root = build::generate::root();
        let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  koban ")).collect();
        assert!(examples.len() > 5, "{help}");
        for example in examples {
            // Words, of which those in quotes are one.
            let quoted = example.split('"').enumerate();
            let words =
                quoted.flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
            let New { arguments } = clap::Parser::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
            let planned = match (&arguments.name, arguments.trigger().unwrap()) {
                (Some(name), Some(trigger)) => plan_function(
                    &root,
                    SERVICES,
                    &NewFunction { name: name.clone(), service: arguments.service.clone(), trigger },
                ),
                _ => plan_service(&root, SERVICES, &arguments.service),
            };
            assert!(planned.is_ok(), "{example}: {planned:?}");
        }
    }

    #[test]
    fn a_change_is_shown_by_its_lines() {
        assert_eq!(changed_lines("a\nb\nc\n", "a\nx\nb\nc\n"), ["+x"]);
        assert_eq!(changed_lines("a\n[b]\nc\n", "a\n[b, x]\nc\n"), ["-[b]", "+[b, x]"]);
        assert_eq!(changed_lines("a\n}\nb\n}\n", "a\nx\n}\nb\n}\ny\n}\n"), ["+x", "+y", "+}"]);
    }
}
