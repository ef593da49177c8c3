//! `koban wiring` and `koban openapi`: the files that are generated from the functions' definitions.

use super::CliError;
use crate::registry::SERVICES;
use platform::Service;

pub(super) const WIRING: &str = "\
Run it after a change of a definition, and commit what it wrote. Terraform reads wiring.json; shared/schemas describes the events.

Examples:
  koban wiring
  koban wiring --check      # in CI: exit code 1 where a file is stale";
pub(super) const OPENAPI: &str = "\
Run it after a change of a route, and commit what it wrote.

Examples:
  koban openapi
  koban openapi --check     # in CI: exit code 1 where the file is stale";

#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Write nothing; exit with 1 if a file is not what the definitions say
    #[arg(long)]
    check: bool,
}

/// Generates, or checks, with what `generate` makes of the flag.
pub fn run(arguments: &Arguments, generate: fn(&[&'static Service], bool) -> Result<(), String>) -> Result<(), CliError> {
    generate(SERVICES, arguments.check).map_err(CliError::Unexpected)
}
