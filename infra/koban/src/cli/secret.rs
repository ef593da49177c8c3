//! `koban secret`: a new secret of the Standard Webhooks form, for a parameter that a deployment reads.

use super::CliError;
use cloud::random_secret;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
It prints one line: whsec_ and the base64 of 32 random bytes. Nothing is stored. On failure it prints nothing on standard output.

Examples:
  secret=\"$(koban secret)\" && aws ssm put-parameter --type SecureString --name /koban-alpha/feed --value \"${secret:?}\"")]
pub struct Arguments {}

pub fn run(_: &Arguments) -> Result<(), CliError> {
    let secret = random_secret().map_err(|error| CliError::Io { what: "asking for randomness", source: error.into() })?;
    println!("{secret}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::secrets::SecretValue;
    use platform::webhook::Key;

    #[test]
    fn each_secret_is_a_key_and_another_one() {
        let [one, other] = [(); 2].map(|()| random_secret().unwrap());
        assert_ne!(one, other);
        for secret in [one, other] {
            assert_eq!(secret.len(), 6 + 44, "32 bytes");
            assert!(Key::of_line(&SecretValue::new(secret), 1).is_ok());
        }
    }
}
