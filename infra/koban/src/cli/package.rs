//! `koban package`: the functions' zips, printed.

use super::CliError;
use super::output::print;
use crate::registry;
use build::package::{Architecture, Binaries, Manifest, check_sizes, cross_build, directory, pack};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Writes target/lambda/<function>.zip and target/lambda/manifest.json. The same source makes the same bytes. For the other \
architecture, `koban package --arch arm64` (or x86_64) says how to build with a cross linker and what to do with the result.

Examples:
  cargo run --release -- package    # after a change of a definition
  target/release/koban package      # after a change of handlers alone
  koban package --json")]
pub struct Arguments {
    /// What the functions shall run on
    #[arg(long, value_enum, default_value_t = Architecture::here())]
    arch: Architecture,
    /// Take the binaries from this directory instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Print the manifest as JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<(), CliError> {
    let stale = build::generate::stale(registry::SERVICES);
    if !stale.is_empty() {
        let stale = stale.join("\n");
        return Err(CliError::Input(format!(
            "what is packaged would be wired as something else:\n{stale}\nIf you did, this koban is older than that: `cargo run --release -- package`"
        )));
    }
    let manifest = package(arguments.arch, arguments.binaries.clone())?;
    check_sizes(&manifest)?;
    if arguments.json {
        let text = serde_json::to_string(&manifest).map_err(|error| CliError::Unexpected(error.to_string()))?;
        print(text)
    } else {
        let (count, architecture) = (manifest.functions.len(), &manifest.architecture);
        print(format_args!("{}\nPackaged {count} functions for {architecture}.", table(&manifest)))
    }
}

/// Builds, unless `binaries` are there, and packs.
pub(super) fn package(arch: Architecture, binaries: Option<PathBuf>) -> Result<Manifest, CliError> {
    let root = build::generate::root();
    let binaries = match binaries {
        Some(directory) => Binaries(directory),
        None if arch == Architecture::here() && cfg!(target_os = "linux") => build::package::build(&root, registry::SERVICES)?,
        None => {
            let (recipe, binaries) = cross_build(&root, registry::SERVICES, arch);
            let arch = arch.name();
            return Err(CliError::Input(format!(
                "this machine builds for itself only; for {arch} on Lambda build with cargo-zigbuild and hand over what it made:\n  \
                 {recipe}\n  koban package --arch {arch} --binaries {}",
                binaries.display()
            )));
        }
    };
    let functions: Vec<_> = registry::functions().collect();
    Ok(pack(&directory(&root), &binaries, &functions, arch)?)
}

fn table(manifest: &Manifest) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["function", "binary, KB", "zip, KB"]);
    for (name, function) in &manifest.functions {
        table.add_row([name.clone(), (function.binary_bytes / 1_000).to_string(), (function.bytes / 1_000).to_string()]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
