//! The binaries that are measured, all built now by one profile. They are the function with the benchmark's root beside Amazon's, and the
//! SDK's defaults. Every function is built as it is packaged too, for its size and to show that it does not trust the benchmark's root.

use build::generate;
use build::package::{self, Architecture, Binaries, Manifest, PackageError};
use koban::registry;
use platform::Function;
use std::path::{Path, PathBuf};

/// What is measured.
pub const FUNCTION: &Function = &wallet::get_wallet::FUNCTION;
/// What it is measured by.
pub const YARDSTICK: &str = "sdk-defaults";

/// The binaries of one run.
pub struct Built {
    /// The function that trusts the benchmark's root too.
    pub lean: PathBuf,
    /// The same as it is packaged.
    pub packaged: PathBuf,
    /// The SDK's defaults, if they are asked for.
    pub yardstick: Option<Defaults>,
    /// The sizes of every function.
    pub manifest: Manifest,
}

/// The function of the SDK's defaults.
pub struct Defaults {
    pub binary: PathBuf,
    pub bytes: u64,
    pub zip_bytes: u64,
}

impl Defaults {
    fn build(directory: &Path) -> Result<Self, String> {
        let binary = directory.join(YARDSTICK);
        build_one(&["-p", YARDSTICK, "--bin", YARDSTICK, "--features", "benchmark"], YARDSTICK, &binary)?;
        let bytes = std::fs::read(&binary).map_err(|error| error.to_string())?;
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Self { binary, bytes: length(&bytes), zip_bytes: length(&package::of_bootstrap(&bytes)?) })
    }
}

/// Builds them, and keeps what is run in `directory`.
pub fn build(directory: &Path, with_yardstick: bool) -> Result<Built, String> {
    let with_root = Binaries(directory.join("with-root"));
    std::fs::create_dir_all(&with_root.0).map_err(|error| error.to_string())?;
    let lean = with_root.0.join(FUNCTION.name);
    build_one(&["-p", "wallet", "--bin", FUNCTION.name, "--features", "platform/benchmark"], FUNCTION.name, &lean)?;
    let yardstick = if with_yardstick { Some(Defaults::build(directory)?) } else { None };

    let (zips, functions) = (directory.join("zips"), registry::functions().collect::<Vec<_>>());
    match package::pack(&zips, &with_root, &[FUNCTION], Architecture::here()) {
        Err(PackageError::BenchmarkRoot { .. }) => {}
        packed => return Err(format!("a binary with the benchmark's root is not refused: {packed:?}")),
    }
    let packaged = package::build(&generate::root(), registry::SERVICES).map_err(|error| error.to_string())?;
    let manifest = package::pack(&zips, &packaged, &functions, Architecture::here()).map_err(|error| error.to_string())?;
    Ok(Built { lean, packaged: packaged.0.join(FUNCTION.name), yardstick, manifest })
}

/// Builds one binary like a packaged function and copies it: the next build may replace it.
fn build_one(arguments: &[&str], name: &str, copy: &Path) -> Result<(), String> {
    let (mut cargo, binaries) = package::cargo(&generate::root());
    let status = cargo.args(arguments).status().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{name} does not build; cargo says above why"));
    }
    std::fs::copy(binaries.0.join(name), copy).map(|_| ()).map_err(|error| format!("{name} cannot be copied: {error}"))
}
