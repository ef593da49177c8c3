//! What was packaged: read by Terraform, which updates exactly the functions whose hash changed.

use super::PackageError;
use super::zip::FORMAT;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

const NAME: &str = "manifest.json";

/// `target/lambda/manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of every function: `x86_64` or `arm64`.
    pub architecture: String,
    /// Which bytes a binary is zipped to.
    #[serde(default)]
    pub zip_format: u32,
    pub functions: BTreeMap<String, PackagedFunction>,
}

/// One function's zip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagedFunction {
    /// Its file, beside the manifest.
    pub zip: String,
    /// Of the zip, in base64, as AWS Lambda shows it.
    pub sha256: String,
    pub bytes: u64,
    pub binary_bytes: u64,
    /// Of the binary in it, in base64: the same binary is not compressed again.
    #[serde(default)]
    pub binary_sha256: String,
}

impl Manifest {
    pub fn new(architecture: impl Into<String>, functions: BTreeMap<String, PackagedFunction>) -> Self {
        Self { architecture: architecture.into(), zip_format: FORMAT, functions }
    }

    /// What was packaged into `directory` before in the same way; nothing, if that is unknown.
    pub(super) fn before(directory: &Path) -> BTreeMap<String, PackagedFunction> {
        let text = std::fs::read(directory.join(NAME)).unwrap_or_default();
        let manifest = serde_json::from_slice::<Self>(&text).ok().filter(|manifest| manifest.zip_format == FORMAT);
        manifest.map(|manifest| manifest.functions).unwrap_or_default()
    }

    #[expect(clippy::panic, reason = "a manifest is texts and numbers, which always have a JSON form")]
    pub(super) fn write(&self, directory: &Path) -> Result<(), PackageError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_else(|error| panic!("a manifest is JSON: {error}"));
        let path = directory.join(NAME);
        std::fs::write(&path, text + "\n").map_err(PackageError::io(path.display().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_zipped_to_other_bytes_is_not_taken_for_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let (sha256, binary_sha256) = (String::new(), String::new());
        let function = PackagedFunction { zip: "one.zip".into(), sha256, bytes: 1, binary_bytes: 2, binary_sha256 };
        let mut manifest = Manifest::new("x86_64", BTreeMap::from([("one".into(), function)]));
        manifest.write(directory.path()).unwrap();
        assert_eq!(Manifest::before(directory.path()), manifest.functions);
        manifest.zip_format = FORMAT + 1;
        manifest.write(directory.path()).unwrap();
        assert!(Manifest::before(directory.path()).is_empty());
    }
}
