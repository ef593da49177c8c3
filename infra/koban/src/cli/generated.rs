//! `koban wiring` and `koban openapi`: the files that are generated from the functions' definitions.

use super::CliError;

#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Write nothing; exit with 1 if a file is not what the definitions say
    #[arg(long)]
    check: bool,
}

/// Generates, or checks, with what `generate` makes of the flag.
pub fn run(arguments: &Arguments, generate: fn(bool) -> Result<(), String>) -> Result<(), CliError> {
    generate(arguments.check).map_err(CliError::Unexpected)
}
