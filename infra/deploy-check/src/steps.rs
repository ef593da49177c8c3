//! The steps of the check. Each is printed as it runs, with its time. A table at the end has all of them, also those that were not reached.

use super::error::CheckError;
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use platform::problem::chain;
use serde::Serialize;
use std::time::Instant;

/// How much of what was found the table holds; it was said in full when it was found.
const FOUND_CHARS_MAX: usize = 90;

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    /// By the caller's choice.
    LeftOut,
    /// Because of an earlier step.
    NotReached,
}

#[derive(Debug, Serialize)]
pub struct Step {
    name: &'static str,
    outcome: Outcome,
    seconds: f64,
    /// What was found.
    found: String,
}

/// All of them, in their order.
#[derive(Debug)]
pub struct Steps {
    steps: Vec<Step>,
    started: Instant,
}

impl Steps {
    pub fn new(names: &[&'static str]) -> Self {
        let step = |name: &&'static str| Step { name, outcome: Outcome::NotReached, seconds: 0.0, found: String::new() };
        Self { steps: names.iter().map(step).collect(), started: Instant::now() }
    }

    /// Runs the step `name`, which also returns what it found. None if it failed.
    pub async fn run<T>(&mut self, name: &'static str, work: impl Future<Output = Result<(T, String), CheckError>>) -> Option<T> {
        eprintln!("{name} ...");
        let started = Instant::now();
        let (done, outcome, found) = match work.await {
            Ok((done, found)) => (Some(done), Outcome::Passed, found),
            Err(error) => (None, Outcome::Failed, chain(&error)),
        };
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("{name}: {} in {seconds:.1} s: {found}", said(outcome));
        self.set(Step { name, outcome, seconds, found });
        done
    }

    /// Leaves the step `name` out.
    pub fn leave_out(&mut self, name: &'static str, why: &str) {
        self.set(Step { name, outcome: Outcome::LeftOut, seconds: 0.0, found: why.into() });
    }

    fn set(&mut self, step: Step) {
        if let Some(place) = self.steps.iter_mut().find(|known| known.name == step.name) {
            *place = step;
        }
    }

    /// Whether every step passed that was not left out.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.outcome, Outcome::Passed | Outcome::LeftOut))
    }

    /// How long all of them took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.steps.iter().map(|step| step.seconds).sum()
    }

    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY).set_header(["step", "", "seconds", "found"]);
        for step in &self.steps {
            let first: String = step.found.lines().next().unwrap_or_default().chars().take(FOUND_CHARS_MAX).collect();
            table.add_row([step.name, said(step.outcome), &format!("{:.1}", step.seconds), &first]);
        }
        if let Some(column) = table.column_mut(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    /// The last line.
    pub fn verdict(&self) -> String {
        let named = |outcome| {
            let names: Vec<_> = self.steps.iter().filter(|step| step.outcome == outcome).map(|step| step.name).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let seconds = self.started.elapsed().as_secs();
        let left_out = named(Outcome::LeftOut).map(|names| format!("; left out: {names}")).unwrap_or_default();
        match (self.passed(), named(Outcome::Failed)) {
            (true, _) => format!("deploy-check PASSED in {seconds} s{left_out}"),
            (false, Some(failed)) => format!("deploy-check FAILED in {seconds} s: {failed}{left_out}"),
            (false, None) => format!("deploy-check was INTERRUPTED after {seconds} s"),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({"passed": self.passed(), "seconds": self.started.elapsed().as_secs_f64(), "steps": self.steps})
    }
}

const fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::LeftOut => "left out",
        Outcome::NotReached => "not reached",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_passes_when_nothing_failed_and_everything_was_reached() {
        let mut steps = Steps::new(&["one", "two", "three"]);
        assert_eq!(steps.run("one", async { Ok((1, "found".into())) }).await, Some(1));
        steps.leave_out("three", "it was asked so");
        assert!(!steps.passed() && steps.verdict().contains("INTERRUPTED"));
        let failing = async { Err::<((), String), _>(CheckError::Found("why".into())) };
        assert_eq!(steps.run("two", failing).await, None);
        assert!(steps.verdict().starts_with("deploy-check FAILED") && steps.verdict().contains("two"));
        assert!(steps.table().to_string().contains("why"));
        steps.run("two", async { Ok(((), String::new())) }).await;
        assert!(steps.passed() && steps.verdict().ends_with("left out: three"), "{}", steps.verdict());
    }
}
