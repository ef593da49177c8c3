//! `koban package`: the functions' zips, printed.

use super::CliError;
use super::output::print;
use super::services::Services;
use crate::registry;
use build::package::{Architecture, Binaries, Manifest, check_sizes, cross_build, directory, pack};
use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use platform::Service;
use platform::service::functions_of;
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Writes target/lambda/<function>.zip and target/lambda/manifest.json. The same source makes the same bytes. For the other \
architecture, `koban package --arch arm64` (or x86_64) says how to build with a cross linker and what to do with the result.

With --services it builds and zips these services alone, with those that they need. Give Terraform the same choice in `services`. \
A manifest of all services serves any choice.

Examples:
  cargo run --release -- package    # after a change of a definition
  target/release/koban package      # after a change of handlers alone
  koban package --services wallet,ops
  koban package --json")]
pub struct Arguments {
    /// What the functions shall run on
    #[arg(long, value_enum, default_value_t = Architecture::here())]
    arch: Architecture,
    #[command(flatten)]
    services: Services,
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
    let services = arguments.services.chosen()?;
    let manifest = package(arguments, &services)?;
    check_sizes(&manifest)?;
    if arguments.json {
        let text = serde_json::to_string(&manifest).map_err(|error| CliError::Unexpected(error.to_string()))?;
        print(text)
    } else {
        let (count, architecture) = (manifest.functions.len(), &manifest.architecture);
        print(format_args!("{}\nPackaged {count} functions for {architecture}.", table(&manifest)))?;
        // Without it Terraform would miss the other services' functions, and say so.
        let choice = |names| {
            print(format_args!("Deploy them with `-var 'services={names:?}'`, or by that line in the environment's file."))
        };
        arguments.services.typed().map_or(Ok(()), choice)
    }
}

/// Builds, unless `binaries` are there, and packs.
fn package(arguments: &Arguments, services: &[&'static Service]) -> Result<Manifest, CliError> {
    let (root, arch) = (build::generate::root(), arguments.arch);
    let binaries = match &arguments.binaries {
        Some(directory) => Binaries(directory.clone()),
        None if arch == Architecture::here() && cfg!(target_os = "linux") => build::package::build(&root, services)?,
        None => {
            let (recipe, binaries) = cross_build(&root, services, arch);
            let arch = arch.name();
            let chosen = arguments.services.typed().map(|names| format!(" --services {}", names.join(","))).unwrap_or_default();
            return Err(CliError::Input(format!(
                "this machine builds for itself only; for {arch} on Lambda build with cargo-zigbuild and hand over what it made:\n  \
                 {recipe}\n  koban package --arch {arch}{chosen} --binaries {}",
                binaries.display()
            )));
        }
    };
    let functions: Vec<_> = functions_of(services).collect();
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
