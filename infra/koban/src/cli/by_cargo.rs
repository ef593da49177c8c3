//! What most people never need is not built with `koban`. Cargo builds it at its first use, and runs it instead of this process.

use super::CliError;
use super::output::note;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;

/// `koban` with what reaches AWS.
pub const KOBAN_WITH_AWS: &[&str] = &["--features", "aws", "-p", "koban"];
/// `koban` with the bugs that a simulation must find, all of them off.
#[cfg(not(feature = "planted"))]
pub const KOBAN_WITH_PLANTED_BUGS: &[&str] = &["--features", "planted", "-p", "koban"];
/// A crate of its own.
pub const DEPLOY_CHECK: &[&str] = &["-p", "deploy-check"];

/// Arguments that another program understands.
#[derive(Debug, Clone, clap::Args)]
pub struct Passed {
    /// See `koban deploy-check --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}

/// Becomes the release build of `package`, with `arguments`: its exit code and its signals are this process's. Returns only a failure.
pub fn run(what: &str, package: &[&str], arguments: impl IntoIterator<Item = OsString>) -> CliError {
    note(format_args!("Building what {what}, unless it is built already."));
    let mut cargo = build::cargo::command();
    cargo.args(["run", "--release"]).args(package).arg("--manifest-path").arg(build::generate::root().join("Cargo.toml"));
    let source = cargo.arg("--").args(arguments).exec();
    CliError::Io { what: "starting cargo", source }
}
