//! What a service brings for `koban demo`: its arguments, what it plays through the HTTP API, and what it says of how that went.

use super::invocations::Used;
use super::{DemoError, Stage};
use clap::{ArgMatches, Command};
use futures_util::future::LocalBoxFuture;
use proofs::Verdict;

/// A service's part of the demo. The registry lists them; the first one is played when none is named.
pub trait DemoPart: Sync {
    /// The service's name.
    fn name(&self) -> &'static str;

    /// What it plays, in a line.
    fn about(&self) -> &'static str;

    /// What follows its arguments in its help: how it ends, and examples.
    fn help(&self) -> &'static str;

    /// Adds its own arguments to those that all parts have.
    fn arguments(&self, command: Command) -> Command;

    /// The tables of an object and of the journal's line that is put with it: their transactions measure the engine alone.
    fn pair(&self) -> [&'static str; 2];

    /// The functions whose work beside the API is counted.
    fn counted(&self) -> &'static [&'static str] {
        &[]
    }

    /// Plans what `given` asks for, with everything that is drawn following from `seed`.
    ///
    /// # Errors
    /// When an argument is of no use, before anything is started.
    fn plan(&self, given: &ArgMatches, seed: u64) -> Result<Box<dyn Play>, DemoError>;
}

/// A part's play. Its model of what must come of it shares no code with the domain that decides.
pub trait Play {
    /// What is counted while it plays, and how many there will be: `requests`.
    fn steps(&self) -> (&'static str, u64);

    /// Plays it all, through the HTTP API, until nothing is left to be done.
    fn play<'a>(&'a mut self, stage: &'a Stage) -> LocalBoxFuture<'a, Result<(), DemoError>>;

    /// Whether nothing waits any more that time will bring. Otherwise it is proved again in a moment.
    fn is_through(&self, verdict: &Verdict) -> bool;

    /// What it came to.
    ///
    /// # Errors
    /// When it has no JSON form.
    fn report(&self, findings: &Findings<'_>) -> Result<Report, DemoError>;
}

/// What a report is made of, beside what was played.
#[derive(Clone, Copy)]
pub struct Findings<'a> {
    /// None when the cloud's data directory is not known.
    pub verdict: Option<&'a Verdict>,
    /// What the counted functions used; none where their log is not known.
    pub used: Option<Used>,
    /// None where it was not measured.
    pub engine_txn_per_s: Option<f64>,
    /// Whether the cloud ran in this process.
    pub in_process: bool,
    pub seed: u64,
}

/// What a part says in the end.
pub struct Report {
    /// One JSON object.
    pub json: String,
    /// Rows behind those of the proof, for people.
    pub rows: Vec<(String, String)>,
    /// What did not go as planned, a line each, beside what the proof found.
    pub off: Vec<String>,
    /// Whether all that was planned happened, and is proved.
    pub is_clean: bool,
    /// The last line, which says so or says what is missing.
    pub summary: String,
}
