//! `koban token`: a development token of the running local cloud.

use super::CliError;
use client::local::{Local, Where};

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  koban token alice
  curl -H \"Authorization: Bearer $(koban token alice)\" http://127.0.0.1:4000/v1/wallet")]
pub struct Arguments {
    /// Whom it is for: any name; the same name is the same user
    user: String,
    #[command(flatten)]
    place: Where,
}

pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    println!("{}", Local::new(arguments.place.base()?).token(&arguments.user).await?);
    Ok(())
}
