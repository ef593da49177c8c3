//! What the check needs of the machine: Terraform, Python, and perhaps a mirror of Terraform's provider. What is missing is named, with
//! how to get it.

use super::error::CheckError;
use super::program::answer;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory of Terraform providers, where it is none of the usual ones.
pub const PLUGINS_VARIABLE: &str = "KOBAN_TERRAFORM_PLUGINS";
/// Where systems keep such mirrors.
const USUAL_MIRRORS: [&str; 2] = ["/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins"];
/// Where systems keep what came from elsewhere, each in a directory of its own.
const OPTIONAL: &str = "/opt";

/// Of Terraform 1. A test checks that `terraform/versions.tf` and the texts for people ask for the same.
const TERRAFORM_MINOR_MIN: u32 = 11;
const TERRAFORM_HELP: &str = "install Terraform 1.11 or newer, below 2, from https://developer.hashicorp.com/terraform/install";
const PYTHON_HELP: &str = "install Python 3.11 or newer with its venv module (on Debian: apt install python3 python3-venv)";

/// What was found.
#[derive(Debug)]
pub struct Tools {
    /// Directories that look like mirrors of the AWS provider.
    pub mirrors: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct TerraformVersion {
    terraform_version: String,
}

/// Finds the tools. Returns a summary of them too.
pub fn find() -> Result<(Tools, String), CheckError> {
    let terraform = answer(Command::new("terraform").args(["version", "-json"]).env_remove("TF_CLI_CONFIG_FILE"));
    let terraform = terraform.and_then(|text| serde_json::from_str::<TerraformVersion>(&text).ok());
    let terraform = terraform.map(|version| version.terraform_version).filter(|version| is_supported(version));
    let terraform = terraform.ok_or(CheckError::Missing { what: "Terraform", how: TERRAFORM_HELP })?;
    let script = "import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.version.split()[0])";
    let python = answer(Command::new("python3").args(["-c", script]));
    let python = python.ok_or(CheckError::Missing { what: "Python", how: PYTHON_HELP })?;
    let named = std::env::var_os(PLUGINS_VARIABLE).map(PathBuf::from);
    if let Some(directory) = named.as_ref().filter(|directory| !has_provider(directory)) {
        return Err(no_provider(directory));
    }
    let mirrors: Vec<_> = candidates(named).into_iter().filter(|directory| has_provider(directory)).collect();
    let provider = mirrors.first().map_or_else(|| "from its registry".into(), |mirror| format!("in {}", mirror.display()));
    Ok((Tools { mirrors }, format!("terraform {terraform}, python {}, the AWS provider {provider}", python.trim())))
}

/// As `terraform/versions.tf` asks for.
fn is_supported(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    parts.next() == Some(1) && parts.next().is_some_and(|minor| minor >= TERRAFORM_MINOR_MIN)
}

/// The error for a named mirror without the provider: silently using another source would be wrong.
fn no_provider(directory: &Path) -> CheckError {
    CheckError::Found(format!(
        "{PLUGINS_VARIABLE} names {}, where there is no <registry host>/hashicorp/aws/<version>/{}_{}: name a mirror's directory (made \
         by `terraform providers mirror`), or unset it to take the provider from Terraform's registry",
        directory.display(),
        system(),
        architecture()
    ))
}

fn candidates(named: Option<PathBuf>) -> Vec<PathBuf> {
    let of_user = std::env::var_os("HOME").map(|home| Path::new(&home).join(".terraform.d/plugins"));
    let optional = entries(Path::new(OPTIONAL));
    named.into_iter().chain(of_user).chain(USUAL_MIRRORS.map(PathBuf::from)).chain(optional).collect()
}

/// Whether it is laid out as `<host>/hashicorp/aws/<version>/<os_arch>`.
fn has_provider(directory: &Path) -> bool {
    let platform = format!("{}_{}", system(), architecture());
    let of_host = |host: PathBuf| entries(&host.join("hashicorp/aws"));
    entries(directory).into_iter().flat_map(of_host).any(|version| version.join(&platform).is_dir())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// As Terraform calls it.
fn system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// As Terraform calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_far_too_new_versions_of_terraform_are_refused() {
        for (version, fits) in
            [("1.11.0", true), ("1.11.4", true), ("1.10.5", false), ("2.0.0", false), ("1.12.0-beta1", true), ("", false)]
        {
            assert_eq!(is_supported(version), fits, "{version}");
        }
    }

    #[test]
    fn everything_asks_for_the_same_version_of_terraform() {
        let text = |path: &str| std::fs::read_to_string(build::generate::root().join(path)).unwrap();
        let versions = text("terraform/versions.tf");
        assert!(versions.contains(&format!(r#"required_version = ">= 1.{TERRAFORM_MINOR_MIN}, < 2.0""#)), "{versions}");
        let detail = format!("Terraform 1.{TERRAFORM_MINOR_MIN} or newer");
        assert!(TERRAFORM_HELP.contains(&detail) && text("README.md").contains(&detail), "{detail}");
    }

    #[test]
    fn a_mirror_is_known_by_its_shape() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!has_provider(directory.path()));
        let platform = format!("{}_{}", system(), architecture());
        std::fs::create_dir_all(directory.path().join("any.host/hashicorp/aws/5.0.0").join(platform)).unwrap();
        assert!(has_provider(directory.path()));
    }

    #[test]
    fn a_mirror_without_the_provider_is_refused_with_what_one_needs() {
        let detail = no_provider(Path::new("/nowhere")).to_string();
        assert!(
            detail.contains("KOBAN_TERRAFORM_PLUGINS names /nowhere") && detail.contains("terraform providers mirror"),
            "{detail}"
        );
    }
}
