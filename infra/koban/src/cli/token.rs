//! `koban token`: a development token of the running local cloud.

use super::CliError;
use super::output::print;
use client::local::{Local, Where};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
The token is good for 12 hours of the cloud's own clock. Anyone who reaches the local cloud gets one: it is for \
development alone.

Examples:
  koban token alice
  koban token alice --data /tmp/k    # of the cloud that uses this directory
  curl -H \"Authorization: Bearer $(koban token alice)\" \\
    http://127.0.0.1:4000/v1/wallet")]
pub struct Arguments {
    /// Whom it is for: any name of up to 255 bytes; the same name is the same user
    #[arg(value_parser = name)]
    user: String,
    #[command(flatten)]
    place: Where,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    print(Local::new(arguments.place.base()?).token(&arguments.user).await?)
}

/// How long a subject is at most (OpenID Connect Core 1.0, 2).
const NAME_BYTES_MAX: usize = 255;

fn name(text: &str) -> Result<String, &'static str> {
    match text {
        _ if text.trim().is_empty() => Err("a user has a name, such as alice"),
        _ if text.len() > NAME_BYTES_MAX => Err("a user's name has at most 255 bytes"),
        _ if text.chars().any(char::is_control) => Err("a user's name has no control characters"),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_name() {
        for right in ["alice", "a b", "花子", &"a".repeat(255)] {
            assert_eq!(name(right).as_deref(), Ok(right));
        }
        for wrong in ["", " ", "\t", "a\nb", "a\0", &"a".repeat(256), &"花".repeat(86)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }
}
