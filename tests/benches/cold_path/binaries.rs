//! What is measured, built here and now by one profile: the function with the benchmark's root beside Amazon's, the SDK's defaults, and
//! every function as it is packaged, for the sizes and to show that the packaged one trusts no such root.

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
    pub defaults: PathBuf,
    pub defaults_bytes: u64,
    pub defaults_zip_bytes: u64,
    /// The sizes of every function.
    pub manifest: Manifest,
}

/// Builds them, and keeps the two that are run in `directory`.
pub fn build(directory: &Path) -> Result<Built, String> {
    let with_root = Binaries(directory.join("with-root"));
    std::fs::create_dir_all(&with_root.0).map_err(|error| error.to_string())?;
    let lean = with_root.0.join(FUNCTION.name);
    build_one(&["-p", "wallet", "--bin", FUNCTION.name, "--features", "platform/benchmark"], FUNCTION.name, &lean)?;
    let defaults = directory.join(YARDSTICK);
    build_one(&["-p", YARDSTICK, "--bin", YARDSTICK, "--features", "benchmark"], YARDSTICK, &defaults)?;

    let (zips, functions) = (directory.join("zips"), registry::functions().collect::<Vec<_>>());
    match package::pack(&zips, &with_root, &[FUNCTION], Architecture::here()) {
        Err(PackageError::BenchmarkRoot { .. }) => {}
        packed => return Err(format!("a binary with the benchmark's root is not refused: {packed:?}")),
    }
    let packaged = package::build(&generate::root(), registry::SERVICES).map_err(|error| error.to_string())?;
    let manifest = package::pack(&zips, &packaged, &functions, Architecture::here()).map_err(|error| error.to_string())?;
    let bytes = std::fs::read(&defaults).map_err(|error| error.to_string())?;
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(Built {
        lean,
        packaged: packaged.0.join(FUNCTION.name),
        defaults,
        defaults_bytes: length(&bytes),
        defaults_zip_bytes: length(&package::of_bootstrap(&bytes)?),
        manifest,
    })
}

/// Builds one binary like a packaged function and copies it: the next build may replace it.
fn build_one(arguments: &[&str], name: &str, copy: &Path) -> Result<(), String> {
    let (mut cargo, binaries) = package::cargo(&generate::root(), registry::SERVICES);
    let status = cargo.args(arguments).status().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{name} does not build; cargo says above why"));
    }
    std::fs::copy(binaries.0.join(name), copy).map(|_| ()).map_err(|error| format!("{name} cannot be copied: {error}"))
}
