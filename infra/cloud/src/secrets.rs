//! The secrets of a data directory: made at random when they are missing, readable by their owner alone, served as SSM would.

use crate::private::read_or_create;
use data_encoding::BASE64;
use platform::Service;
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
        std::fs::create_dir_all(&directory)?;
        let secrets: Vec<_> = services.iter().flat_map(|service| service.secrets()).collect();
        let read = |name: &'static str| Ok((name, read_or_create(&directory.join(name), new_secret)?));
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

/// 24 random bytes in the Standard Webhooks form.
#[expect(clippy::expect_used, reason = "where the machine has no randomness no secret can be made")]
pub fn new_secret() -> String {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).expect("randomness");
    format!("whsec_{}", BASE64.encode(&bytes))
}
