//! Cargo, called by a program that cargo itself may have started. `cargo run` sets variables about the program's package, and some
//! dependencies' build scripts read them (ring's does). With other values these scripts would run again, and everything above them would be
//! built again. That would happen whenever builds from a shell and from here alternate.

use std::process::Command;

/// What the names of such variables begin with. `CARGO_HOME`, `CARGO_TARGET_DIR` and the like are the caller's own and stay.
const OF_A_PACKAGE: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "OUT_DIR"];

/// Cargo as a shell calls it; what it shall do must be added.
pub fn command() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_a_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    cargo
}

fn is_of_a_package(name: &str) -> bool {
    OF_A_PACKAGE.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test was started by cargo, with all of them.
    #[test]
    fn what_cargo_set_for_this_program_is_not_passed_to_cargo() {
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some() && std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let cargo = command();
        let removed = |name: &str| cargo.get_envs().any(|(known, value)| known == name && value.is_none());
        assert!(removed("CARGO_PKG_NAME") && removed("CARGO_MANIFEST_DIR"));
        assert!(!is_of_a_package("CARGO_HOME") && !is_of_a_package("CARGO_TARGET_DIR"));
    }
}
