//! `--services`: some of the services, with those that they need. An unknown name is refused with the names that there are.

use super::CliError;
use super::output::note;
use crate::registry::SERVICES;
use clap::builder::PossibleValuesParser;
use platform::Service;
use platform::deployment::Deployment;

/// The services that a command works with.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Services {
    /// Only these services, separated by commas, and those that they need; all of them without this
    #[arg(long = "services", value_name = "NAMES", value_delimiter = ',', value_parser = names())]
    names: Option<Vec<String>>,
}

fn names() -> PossibleValuesParser {
    SERVICES.iter().map(|service| service.name).into()
}

impl Services {
    /// All services, or the chosen ones with what they need. A service that comes because another needs it is named on standard error.
    pub(super) fn chosen(&self) -> Result<Vec<&'static Service>, CliError> {
        let Some(names) = &self.names else { return Ok(SERVICES.to_vec()) };
        let Deployment { services, brought } = Deployment::of(names, SERVICES)?;
        for (by, need) in brought {
            note(format_args!("{} comes as well: {by} needs it ({}).", need.service, need.why));
        }
        Ok(services)
    }

    /// As typed, without repeats: what Terraform must be given. None where all services are meant.
    pub(super) fn typed(&self) -> Option<Vec<&str>> {
        let mut names: Vec<_> = self.names.as_ref()?.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Given {
        #[command(flatten)]
        services: Services,
    }

    fn given(arguments: &[&str]) -> Services {
        Given::try_parse_from([&["koban"], arguments].concat()).unwrap().services
    }

    fn chosen(arguments: &[&str]) -> Vec<&'static str> {
        given(arguments).chosen().unwrap().iter().map(|service| service.name).collect()
    }

    #[test]
    fn all_services_are_meant_unless_some_are_named() {
        assert_eq!(chosen(&[]), SERVICES.iter().map(|service| service.name).collect::<Vec<_>>());
        assert_eq!(chosen(&["--services", "wallet"]), ["wallet"]);
        assert_eq!(chosen(&["--services", "ops,wallet"]), chosen(&["--services", "wallet", "--services", "ops"]));
        assert_eq!((given(&[]).typed(), given(&["--services", "ops,ops"]).typed()), (None, Some(vec!["ops"])));
    }

    #[test]
    fn racing_brings_the_wallet_to_which_it_posts() {
        assert_eq!(chosen(&["--services", "racing"]), ["wallet", "racing"]);
    }

    #[test]
    fn a_name_that_is_none_is_refused_with_all_that_are() {
        for names in ["walet", "", "wallet,", "Wallet", "wallet racing", "all", "a\nb"] {
            let refused = Given::try_parse_from(["koban", "--services", names]).unwrap_err().to_string();
            assert!(SERVICES.iter().all(|service| refused.contains(service.name)), "{names:?}: {refused}");
        }
    }
}
