//! `koban demo`: what services do, played, measured and proved. The registry has the parts.

use super::CliError;
use crate::registry::{DEMO, PROOFS, SERVICES};
use clap::{ArgMatches, Command};
use demo::{DemoPart, Services};

/// A part of the demo, and what it is given.
#[derive(Clone)]
pub struct Arguments {
    part: &'static dyn DemoPart,
    given: ArgMatches,
}

impl clap::Args for Arguments {
    fn augment_args(command: Command) -> Command {
        demo::of_all(DEMO, command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Arguments {
    fn from_arg_matches(given: &ArgMatches) -> Result<Self, clap::Error> {
        let (part, given) = demo::chosen(DEMO, given)?;
        Ok(Self { part, given: given.clone() })
    }

    fn update_from_arg_matches(&mut self, given: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(given)?;
        Ok(())
    }
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("part", &self.part.name()).field("given", &self.given).finish()
    }
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { part, given } = arguments;
    Ok(demo::run(part, &given, Services { services: SERVICES, proofs: PROOFS }).await?)
}
