//! The arguments of `koban demo`: those of the part that is played, and those that all parts have.

use super::DemoPart;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};
use client::http::BaseUrl;
use std::path::PathBuf;

/// Those of all parts.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Common {
    /// What is played follows from it; the same number repeats a run
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Drive the local cloud that runs here instead of starting one; its clock will be moved. While it is away, up to two minutes, the
    /// same requests are repeated with the same keys
    #[arg(long)]
    pub url: Option<BaseUrl>,
    /// With --url: the data directory of that cloud, to prove what it has stored
    #[arg(long, value_name = "DIR", requires = "url")]
    pub data: Option<PathBuf>,
    /// With --url: write every acknowledgement of that cloud to this file, a JSON object a line, before going on. The engine alone is not
    /// measured then
    #[arg(long, value_name = "FILE", requires = "url")]
    pub acknowledgements: Option<PathBuf>,
    /// End with one JSON object on standard output instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Makes of `command` the one that plays any of `parts`: the first one when none is named, by the same arguments as if it were.
pub fn of_all(parts: &[&dyn DemoPart], command: Command) -> Command {
    let Some((first, _)) = parts.split_first() else { return command };
    let command = of_one(*first, command)
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        // One that nobody knows is refused with those that there are.
        .allow_external_subcommands(true)
        .subcommand_value_name("SERVICE")
        .subcommand_help_heading("Services");
    let add = |command: Command, part: &&dyn DemoPart| {
        // The arguments bring their own description.
        let own = of_one(*part, Command::new(part.name())).about(part.about());
        command.subcommand(own)
    };
    parts.iter().fold(command, add)
}

fn of_one(part: &dyn DemoPart, command: Command) -> Command {
    Common::augment_args(part.arguments(command)).after_help(part.help())
}

/// The part that `parent` names, and what it is given.
///
/// # Errors
/// When there is none of that name, or arguments come before it: they would be of no part.
pub fn chosen<'a>(
    parts: &[&'static dyn DemoPart],
    parent: &'a ArgMatches,
) -> Result<(&'static dyn DemoPart, &'a ArgMatches), clap::Error> {
    let (name, given) = match (parent.subcommand(), parts.first()) {
        (Some((name, given)), _) => (name, given),
        (None, Some(first)) => return Ok((*first, parent)),
        (None, None) => ("", parent),
    };
    if parent.ids().any(|id| parent.value_source(id.as_str()) == Some(ValueSource::CommandLine)) {
        return Err(clap::Error::raw(ErrorKind::ArgumentConflict, format!("put '{name}' before its arguments\n")));
    }
    let part = parts.iter().find(|part| part.name() == name).copied();
    let names = || parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ");
    let unknown = || format!("no service '{name}' has a demo\n\n  [possible values: {}]\n", names());
    Ok((part.ok_or_else(|| clap::Error::raw(ErrorKind::InvalidSubcommand, unknown()))?, given))
}

/// For arguments: a count of at least 1.
///
/// # Errors
/// When it is none.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "at least 1".into())
}
