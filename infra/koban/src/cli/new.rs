//! `koban new`: the next function, with everything that one needs. It leaves a tree whose tests fail until the
//! function is written; its own says what is left.

use super::CliError;
use super::output::print;
use crate::registry::SERVICES;
use build::scaffold::{File, Http, Plan, Trigger, Wanted, every_minutes, plan};
use std::path::Path;
use std::process::Stdio;

#[derive(Debug, Clone, clap::Args)]
#[command(
    group(clap::ArgGroup::new("trigger").required(true).args(["http", "queue", "schedule"])),
    after_help = "\
Writes the function's file, its binary and its test, puts it into the service's list, and makes the generated files anew. \
All of it compiles; `cargo test --workspace` then fails until the function is written. Nothing is written when anything is \
wrong.

A parameter that another route has gets its type ({race} is a RaceId). A queue that is not there is made, with its dead \
letters. A schedule puts its calls on a queue of the function's name. docs/adding-a-function.md shows all of it once.

Examples:
  koban new get-settlement --service racing --public \\
    --http \"GET /v1/races/{race}/settlement\"
  koban new rename-wallet --service wallet --http \"PUT /v1/wallet/name\"
  koban new count-slips --service racing --queue count-slips
  koban new sweep-cards --service wallet --schedule \"rate(5 minutes)\"
  koban new create-canvas --service canvas --new-service --dry-run \\
    --http \"POST /v1/canvases\""
)]
pub struct Arguments {
    /// Verb and noun, like get-settlement: the name of its file, binary, Lambda, operation and test
    name: String,
    /// The service that it belongs to
    #[arg(long)]
    service: String,
    /// Make the service, too: its crate and its entries in the workspace
    #[arg(long)]
    new_service: bool,
    /// It answers requests: a method and a path
    #[arg(long, value_name = "\"METHOD /v1/PATH\"")]
    http: Option<String>,
    /// Anyone may call the route; without this the caller must be signed in
    #[arg(long)]
    public: bool,
    /// It works off this queue
    #[arg(long, value_name = "QUEUE")]
    queue: Option<String>,
    /// The clock starts it
    #[arg(long, value_name = "\"rate(5 minutes)\"")]
    schedule: Option<String>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &Arguments) -> Result<(), CliError> {
    let root = build::generate::root();
    let plan = plan(&root, SERVICES, &arguments.wanted()?)?;
    if arguments.dry_run {
        return plan.files().iter().try_for_each(show);
    }
    plan.write()?;
    tell(&plan)?;
    for command in ["wiring", "openapi"] {
        generate(&root, command)?;
    }
    print(format_args!(
        "\nNow `cargo test --workspace` fails until the function is written: functions::{}::it_is_written says\n\
         so, and the tests of what holds of every route and queue. What is left: its words, its grants, its handler, its test.",
        arguments.name.replace('-', "_")
    ))
}

impl Arguments {
    fn wanted(&self) -> Result<Wanted, CliError> {
        if self.public && self.http.is_none() {
            return Err(CliError::Input("--public is for routes: leave it out, or give --http".into()));
        }
        let trigger = match (&self.http, &self.queue, &self.schedule) {
            (Some(route), ..) => Trigger::Http(Http::parse(route, self.public)?),
            (None, Some(queue), _) => Trigger::Queue(queue.clone()),
            (None, None, schedule) => {
                Trigger::Schedule { every_minutes: every_minutes(schedule.as_deref().unwrap_or_default())? }
            }
        };
        let (name, service) = (self.name.clone(), self.service.clone());
        Ok(Wanted { name, service, new_service: self.new_service, trigger })
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

fn tell(plan: &Plan) -> Result<(), CliError> {
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
    let told = String::from_utf8_lossy(&output.stdout);
    for line in told.lines().filter(|line| !line.ends_with(" is fresh")) {
        print(line)?;
    }
    if output.status.success() {
        return Ok(());
    }
    let help = format!("the files are written, but `cargo run -- {command}` failed: mend what it says, then run it again");
    Err(CliError::Unexpected(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_by_its_lines() {
        assert_eq!(changed_lines("a\nb\nc\n", "a\nx\nb\nc\n"), ["+x"]);
        assert_eq!(changed_lines("a\n[b]\nc\n", "a\n[b, x]\nc\n"), ["-[b]", "+[b, x]"]);
        assert_eq!(changed_lines("a\n}\nb\n}\n", "a\nx\n}\nb\n}\ny\n}\n"), ["+x", "+y", "+}"]);
    }
}
