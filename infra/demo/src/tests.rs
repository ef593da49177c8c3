//! Parts that Koban does not have, so that nothing here knows one of its own.

use super::*;
use clap::Command;
use clap::error::ErrorKind;

/// A part of that name, with one argument.
struct Named(&'static str);

impl DemoPart for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn about(&self) -> &'static str {
        "Something"
    }

    fn help(&self) -> &'static str {
        "Examples"
    }

    fn arguments(&self, command: Command) -> Command {
        command.arg(clap::Arg::new("stamps").long("stamps"))
    }

    fn pair(&self) -> [&'static str; 2] {
        ["card", "stamp"]
    }

    fn plan(&self, _: &ArgMatches, _: u64) -> Result<Box<dyn Play>, DemoError> {
        Err(DemoError::Input(self.0.into()))
    }
}

const PARTS: &[&dyn DemoPart] = &[&Named("stamps"), &Named("gifts")];

fn given(arguments: &[&str]) -> Result<ArgMatches, clap::Error> {
    of_all(PARTS, Command::new("demo")).try_get_matches_from([&["demo"], arguments].concat())
}

/// The part that the arguments choose, and what they say of stamps and of the seed.
fn choice(arguments: &[&str]) -> (&'static str, Option<String>, u64) {
    let given = given(arguments).unwrap();
    let (part, given) = chosen(PARTS, &given).unwrap();
    let seed = Common::from_arg_matches(given).unwrap().seed;
    (part.name(), given.get_one::<String>("stamps").cloned(), seed)
}

#[test]
fn the_first_part_is_played_when_none_is_named() {
    assert_eq!(choice(&[]), ("stamps", None, 1));
    assert_eq!(choice(&["--stamps", "x", "--seed", "7"]), ("stamps", Some("x".into()), 7));
    assert_eq!(choice(&["stamps"]), ("stamps", None, 1));
    assert_eq!(choice(&["gifts", "--stamps", "y", "--seed", "8"]), ("gifts", Some("y".into()), 8));
}

#[test]
fn a_part_that_there_is_none_of_is_refused_with_those_that_there_are() {
    for unknown in ["gift", "help", "Stamps"] {
        let given = given(&[unknown]).unwrap();
        let error = chosen(PARTS, &given).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidSubcommand);
        assert!(error.to_string().contains("stamps, gifts") && error.to_string().contains(unknown), "{error}");
    }
    assert!(given(&["--data", "x"]).is_err() && given(&["gifts", "--data", "x"]).is_err(), "without --url");
}

#[test]
fn arguments_before_a_part_are_of_no_part() {
    for arguments in [["--seed", "7", "gifts"], ["--stamps", "x", "gifts"], ["--seed", "7", "frob"]] {
        if let Ok(given) = given(&arguments) {
            let error = chosen(PARTS, &given).err().unwrap();
            assert!(error.to_string().contains("before its arguments"), "{error}");
        }
    }
}

#[test]
fn the_help_names_every_part() {
    of_all(PARTS, Command::new("demo")).debug_assert();
    let help = given(&["--help"]).unwrap_err().to_string();
    for words in ["stamps  Something", "gifts   Something", "--stamps", "--acknowledgements", "Services:", "Examples"] {
        assert!(help.contains(words), "{words}: {help}");
    }
}
