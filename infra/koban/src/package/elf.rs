//! What a binary needs of the machine it runs on: its architecture, and no newer glibc than `provided.al2023` has.

use super::{Architecture, GLIBC_MAX, PackageError};
use object::{Object, ObjectSection};

/// Refuses a binary that Lambda could not run.
pub fn check(function: &'static str, binary: &[u8], architecture: Architecture) -> Result<(), PackageError> {
    let no_elf = |reason: String| PackageError::Elf { function, reason };
    let file = object::File::parse(binary).map_err(|error| no_elf(error.to_string()))?;
    let wanted = match architecture {
        Architecture::X86 => object::Architecture::X86_64,
        Architecture::Arm => object::Architecture::Aarch64,
    };
    if file.architecture() != wanted {
        return Err(PackageError::Architecture { function, wanted: architecture.name() });
    }
    let names = file.section_by_name(".dynstr").ok_or_else(|| no_elf("it has no dynamic names".into()))?;
    let names = names.data().map_err(|error| no_elf(error.to_string()))?;
    match newest_glibc(names) {
        Some(needed) if needed > GLIBC_MAX => {
            Err(PackageError::Glibc { function, needed: format!("GLIBC_{}.{}", needed.0, needed.1) })
        }
        _ => Ok(()),
    }
}

/// The newest `GLIBC_2.x` among the names that the dynamic linker is asked for.
fn newest_glibc(names: &[u8]) -> Option<(u32, u32)> {
    let versions = names.split(|byte| *byte == 0).filter_map(|name| {
        let version = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
        let mut parts = version.split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_counts_as_a_number() {
        assert_eq!(newest_glibc(b"\0GLIBC_2.9\0memcpy\0GLIBC_2.34\0GLIBC_2.2.5\0GCC_3.0\0"), Some((2, 34)));
        assert_eq!(newest_glibc(b"\0memcpy\0"), None);
    }

    #[test]
    fn what_is_no_binary_is_refused() {
        assert!(matches!(check("f", b"#!/bin/sh", Architecture::here()), Err(PackageError::Elf { .. })));
    }
}
