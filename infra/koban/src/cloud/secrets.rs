//! The secrets of a data directory: made at random when they are missing, readable by their owner alone, served as SSM would.

use crate::cloud::private::{damaged, named, read_or_create};
use data_encoding::BASE64;
use platform::resource::Service;
use platform::sdk::Names;
use std::collections::BTreeMap;
use std::path::Path;

/// Every secret of the services.
pub struct Secrets {
    /// By the short name.
    values: BTreeMap<&'static str, String>,
    /// From the parameter's name to the short one.
    parameters: BTreeMap<String, &'static str>,
}

impl Secrets {
    pub fn open(directory: &Path, services: &[&'static Service], names: &Names) -> std::io::Result<Self> {
        let directory = directory.join("secrets");
        std::fs::create_dir_all(&directory).map_err(named(&directory))?;
        let secrets: Vec<_> = services.iter().flat_map(|service| service.secrets).collect();
        let read = |name: &'static str| Ok((name, read(&directory.join(name))?));
        Ok(Self {
            values: secrets.iter().map(|secret| read(secret.name)).collect::<std::io::Result<_>>()?,
            parameters: secrets.iter().map(|secret| (names.secret(secret), secret.name)).collect(),
        })
    }

    /// The value, by the secret's name: one or two lines.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value, by the parameter's name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(|name| self.value(name))
    }
}

/// One value, or two while one replaces the other.
fn read(file: &Path) -> std::io::Result<String> {
    let text = read_or_create(file, new_secret)?;
    let mut lines = text.lines();
    if (1..=2).contains(&text.lines().count()) && lines.all(is_secret) {
        return Ok(text);
    }
    let next = "write a line like whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw into it, or remove it to have one made";
    Err(damaged(file, text.as_bytes(), "one or two lines of whsec_ and base64 are expected", next))
}

/// As `platform::webhook` reads it.
fn is_secret(line: &str) -> bool {
    BASE64.decode(line.strip_prefix("whsec_").unwrap_or(line).as_bytes()).is_ok_and(|bytes| !bytes.is_empty())
}

/// 24 random bytes in the Standard Webhooks form.
#[expect(clippy::expect_used, reason = "where the machine has no randomness no secret can be made")]
pub fn new_secret() -> String {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).expect("randomness");
    format!("whsec_{}", BASE64.encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_signs_nothing_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("feed");
        let garbage: [&[u8]; 6] =
            [b"", b"\n", b"whsec_", b"whsec_not base64", b"whsec_AAAA\nwhsec_BBBB\nwhsec_CCCC\n", &[0xff, 0xfe]];
        for bytes in garbage {
            std::fs::write(&file, bytes).unwrap();
            let said = read(&file).unwrap_err().to_string();
            assert!(said.contains("/feed"), "{said}");
        }
        for right in ["whsec_AAAA", "whsec_AAAA\n", "whsec_AAAA\nwhsec_BBBB\n", "AAAA"] {
            std::fs::write(&file, right).unwrap();
            assert_eq!(read(&file).unwrap(), right);
        }
        std::fs::remove_file(&file).unwrap();
        assert!(is_secret(&read(&file).unwrap()), "one is made");
    }
}
