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
    match too_new(names) {
        Some(needed) => Err(PackageError::Glibc { function, needed: needed.into() }),
        None => Ok(()),
    }
}

/// The newest of a binary's requirements on glibc that [`GLIBC_MAX`] does not meet. It can be a name that is no version: with
/// `GLIBC_ABI_DT_RELR` a linker that packs relocations requires 2.36. All such names came after 2.34.
fn too_new(names: &[u8]) -> Option<&str> {
    let asked = names.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    let versions = asked.filter_map(|name| Some((version(name.strip_prefix("GLIBC_")?), name)));
    versions.filter(|(version, _)| version.is_none_or(|version| version > GLIBC_MAX)).max().map(|(_, name)| name)
}

/// `2.34`, also of `2.2.5` the first two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An ELF binary of this machine's architecture that has nothing but its dynamic names.
    pub fn binary(names: &[u8]) -> Vec<u8> {
        let machine: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
        let of_sections = b"\0.dynstr\0.shstrtab\0";
        let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
        bytes.resize(16, 0);
        for number in [3, machine] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(1_u32.to_le_bytes());
        // Entry, program headers; the section headers follow this header.
        for number in [0_u64, 0, 64] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(0_u32.to_le_bytes());
        // Sizes and counts: this header, no program headers, three sections, of which the last has their names.
        for number in [64_u16, 0, 0, 64, 3, 2] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([0; 64]);
        let mut at = 64 + 3 * 64;
        for (name, content) in [(1_u32, names), (9, of_sections)] {
            // A string table: its name, kind, flags and address; where it is; links; alignment.
            bytes.extend(name.to_le_bytes().into_iter().chain(3_u32.to_le_bytes()).chain([0; 16]));
            bytes.extend([at, content.len() as u64].into_iter().flat_map(u64::to_le_bytes));
            bytes.extend([0_u32, 0].into_iter().flat_map(u32::to_le_bytes).chain(1_u64.to_le_bytes()).chain([0; 8]));
            at += content.len() as u64;
        }
        bytes.extend(names);
        bytes.extend(of_sections);
        bytes
    }

    /// What a binary with these names needs that there is not.
    fn needed(names: &[u8]) -> Option<String> {
        match check("f", &binary(names), Architecture::here()) {
            Ok(()) => None,
            Err(PackageError::Glibc { needed, .. }) => Some(needed),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_newer_glibc_than_lambdas_is_refused_by_the_newest_version_that_is_asked_for() {
        assert_eq!(needed(b"\0GLIBC_2.9\0memcpy\0GLIBC_2.34\0GLIBC_2.2.5\0GCC_3.0\0"), None);
        assert_eq!(needed(b"\0memcpy\0"), None);
        assert_eq!(needed(b"\0GLIBC_2.35\0GLIBC_2.100\0GLIBC_2.9\0").unwrap(), "GLIBC_2.100");
    }

    #[test]
    fn packed_relocations_are_refused_though_they_name_no_version() {
        assert_eq!(needed(b"\0GLIBC_2.34\0GLIBC_ABI_DT_RELR\0").unwrap(), "GLIBC_ABI_DT_RELR");
    }

    #[test]
    fn another_architecture_is_refused() {
        let other = if cfg!(target_arch = "aarch64") { Architecture::X86 } else { Architecture::Arm };
        assert!(matches!(check("f", &binary(b"\0"), other), Err(PackageError::Architecture { .. })));
    }

    #[test]
    fn what_is_no_binary_is_refused() {
        assert!(matches!(check("f", b"#!/bin/sh", Architecture::here()), Err(PackageError::Elf { .. })));
    }
}
