//! `koban wiring` and `koban openapi`: the files that are generated from the functions' definitions.

use super::CliError;
use crate::registry::SERVICES;
use platform::resource::Service;

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
