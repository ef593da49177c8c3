//! Checks that the same source makes the same bytes in every directory. A copy of the sources in another directory is built, and its zips
//! must equal the packaged ones. Only our own crates are built again: those from the registry would take minutes, and packing already
//! refuses a binary that names a directory.

use super::error::CheckError;
use super::program;
use super::workplace::{Workplace, copy};
use build::package::{self, Architecture, Manifest};
use koban::registry;
use std::fs::FileTimes;
use std::path::Path;

/// Copies a directory of cargo's with the times by which it knows what is fresh. What compilers and linkers replace as a whole is linked;
/// what is written in place, cargo's own records and the lists of sources, is copied.
fn duplicate(from: &Path, to: &Path) -> Result<(), CheckError> {
    std::fs::create_dir_all(to).map_err(CheckError::io(to.display()))?;
    for entry in std::fs::read_dir(from).map_err(CheckError::io(from.display()))? {
        let from = entry.map_err(CheckError::io(from.display()))?.path();
        let Some(name) = from.file_name() else { continue };
        let to = to.join(name);
        if from.is_dir() {
            duplicate(&from, &to)?;
        } else if from.components().any(|part| part.as_os_str() == ".fingerprint") || from.extension().is_some_and(|of| of == "d")
        {
            duplicate_file(&from, &to).map_err(CheckError::io(from.display()))?;
        } else {
            std::fs::hard_link(&from, &to).map_err(CheckError::io(from.display()))?;
        }
    }
    Ok(())
}

fn duplicate_file(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    let modified = from.metadata()?.modified()?;
    std::fs::File::options().write(true).open(to)?.set_times(FileTimes::new().set_modified(modified))
}

/// Builds the smallest service from a copy, and compares. Returns what was found.
pub async fn build(workplace: &Workplace, packaged: &Manifest) -> Result<String, CheckError> {
    let sources = workplace.again().join("sources");
    // What is built, what belongs to git or to a person, and the check's own files are no sources.
    copy(&workplace.root, &sources, &|name| name == "target" || name.starts_with('.'))?;
    let service = registry::SERVICES.iter().min_by_key(|service| service.functions.len());
    let functions: Vec<_> = service.iter().flat_map(|service| service.functions.iter().copied()).collect();
    // With the same flags: they name the other directory, so that a path of this one would be seen.
    let target = workplace.again().join("target");
    let (mut cargo, binaries) = package::cargo_into(&workplace.root, &target, registry::SERVICES);
    cargo.current_dir(&sources);
    duplicate(&package::cargo(&workplace.root, registry::SERVICES).1.0, &binaries.0)?;
    for service in registry::SERVICES {
        cargo.args(["-p", service.name]);
    }
    for function in &functions {
        cargo.args(["--bin", function.name]);
    }
    program::succeed("building from a copy of the sources", cargo, &workplace.log("build")).await?;
    let zips = workplace.again().join("zips");
    let again = package::pack(&zips, &binaries, &functions, Architecture::here())?;
    let others = others(packaged, &again);
    if !others.is_empty() {
        return Err(CheckError::Found(format!(
            "built from a copy of the same sources, other bytes: {}; compare {} with {}",
            others.join(", "),
            zips.display(),
            package::directory(&workplace.root).display()
        )));
    }
    let names: Vec<_> = again.functions.keys().map(String::as_str).collect();
    Ok(format!("built again in another directory: {}", names.join(", ")))
}

/// Functions of `again` whose zips are not those that were packaged.
fn others<'a>(packaged: &Manifest, again: &'a Manifest) -> Vec<&'a str> {
    let of = |manifest: &Manifest, name: &str| manifest.functions.get(name).map(|function| function.sha256.clone());
    again.functions.keys().map(String::as_str).filter(|name| of(packaged, name) != of(again, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use build::package::PackagedFunction;
    use std::time::{Duration, SystemTime};

    fn manifest(functions: &[(&str, &str)]) -> Manifest {
        let of = |(name, sha256): &(&str, &str)| {
            let (zip, sha256) = (format!("{name}.zip"), (*sha256).to_owned());
            let function = PackagedFunction { zip, sha256, bytes: 1, binary_bytes: 2, binary_sha256: String::new() };
            ((*name).to_owned(), function)
        };
        Manifest::new("x86_64", functions.iter().map(of).collect())
    }

    #[test]
    fn another_hash_is_found_and_so_is_what_was_not_packaged() {
        let packaged = manifest(&[("one", "a"), ("two", "b"), ("three", "c")]);
        assert!(others(&packaged, &manifest(&[("one", "a"), ("two", "b")])).is_empty());
        assert_eq!(others(&packaged, &manifest(&[("one", "a"), ("two", "x"), ("four", "d")])), ["four", "two"]);
    }

    #[test]
    fn what_was_built_is_taken_over_with_its_times_and_not_changed_where_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let (built, taken_over) = (directory.path().join("built"), directory.path().join("taken-over"));
        let files = ["deps/one.rlib", "deps/one.d", ".fingerprint/one/invoked"];
        let long_ago = SystemTime::now() - Duration::from_hours(24);
        for file in files.map(|file| built.join(file)) {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "before").unwrap();
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        }
        duplicate(&built, &taken_over).unwrap();
        let modified = |directory: &Path, file: &str| directory.join(file).metadata().unwrap().modified().unwrap();
        for file in files {
            assert_eq!(modified(&taken_over, file), long_ago, "{file}");
        }
        // As rustc replaces a library, and cargo writes its records.
        std::fs::remove_file(taken_over.join(files[0])).unwrap();
        for file in files {
            std::fs::write(taken_over.join(file), "after").unwrap();
            let text = std::fs::read_to_string(built.join(file)).unwrap();
            assert_eq!((text.as_str(), modified(&built, file)), ("before", long_ago), "{file}");
        }
    }
}
