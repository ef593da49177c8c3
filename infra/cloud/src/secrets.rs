//! The secrets of a data directory: made at random when they are missing, readable by their owner alone, served as SSM would.

use crate::CloudError;
use crate::private::{named, read_or_create};
use data_encoding::BASE64;
use platform::Service;
use platform::sdk::Names;
use platform::secrets::lines;
use platform::webhook::{Key, UnusableSecret};
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
    /// # Errors
    /// When the directory cannot be used, or when a file of it holds a line that is no secret.
    pub fn open(directory: &Path, services: &[&'static Service], names: &Names) -> Result<Self, CloudError> {
        let directory = directory.join("secrets");
        std::fs::create_dir_all(&directory).map_err(|error| CloudError::Directory(named(&directory)(error)))?;
        let secrets: Vec<_> = services.iter().flat_map(|service| service.secrets()).collect();
        let read = |name: &'static str| Ok((name, read(&directory.join(name))?));
        Ok(Self {
            values: secrets.iter().map(|secret| read(secret.name)).collect::<Result<_, CloudError>>()?,
            parameters: secrets.iter().map(|secret| (names.secret(secret), secret.name)).collect(),
        })
    }

    /// With `value` for every secret.
    pub fn all_of(value: &str, services: &[&'static Service], names: &Names) -> Self {
        let secrets = || services.iter().flat_map(|service| service.secrets());
        Self {
            values: secrets().map(|secret| (secret.name, value.to_owned())).collect(),
            parameters: secrets().map(|secret| (names.secret(secret), secret.name)).collect(),
        }
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

/// A secret's file, which must hold one usable line or two.
fn read(file: &Path) -> Result<String, CloudError> {
    let text = read_or_create(file, new_secret).map_err(CloudError::Directory)?;
    let (_, faults) = Key::of_lines(&lines(&text).collect::<Vec<_>>());
    if faults.is_empty() {
        return Ok(text);
    }
    Err(CloudError::Secret(UnusableSecret { name: file.display().to_string(), faults }))
}

/// 32 random bytes in the Standard Webhooks form.
///
/// # Errors
/// When the machine has no randomness.
pub fn random_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(format!("whsec_{}", BASE64.encode(&bytes)))
}

/// The same where there is nobody to answer to.
#[expect(clippy::expect_used, reason = "where the machine has no randomness no secret can be made")]
pub fn new_secret() -> String {
    random_secret().expect("randomness")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_names;
    use crate::tests::SERVICES;

    /// What opening a directory says whose feed secret is `text`.
    fn open(text: &str) -> Result<Secrets, String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("secrets")).unwrap();
        std::fs::write(directory.path().join("secrets/feed"), text).unwrap();
        Secrets::open(directory.path(), SERVICES, &local_names()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_that_holds_no_secret_is_named_and_its_text_is_not() {
        let good = new_secret();
        for wrong in ["", "\n", "whsec_", "whsec_c2hvcnQ=", "hunter2hunter2hunter2", &format!("{good}\nwhsec_"), &good.repeat(2)]
        {
            let error = open(wrong).err().unwrap_or_else(|| panic!("{wrong:?} was taken"));
            assert!(error.contains("secrets/feed"), "{error}");
            assert!(!error.contains("hunter2") && !error.contains(&good[6..]), "{error}");
        }
        assert!(open(&format!("{good}\n{good}\n{good}")).is_err());
    }

    #[test]
    fn one_line_or_two_are_read_and_a_missing_file_is_made() {
        let (one, two) = (new_secret(), new_secret());
        for text in [one.clone(), format!("{one}\n"), format!("{one}\r\n{two}\n")] {
            assert_eq!(open(&text).unwrap().value("feed"), Some(text.as_str()));
        }
        let directory = tempfile::tempdir().unwrap();
        assert!(Secrets::open(directory.path(), SERVICES, &local_names()).is_ok());
    }
}
