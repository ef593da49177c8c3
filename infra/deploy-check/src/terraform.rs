//! Terraform on a copy of `terraform/`, with local state, against the emulator. The copy is what the check may spoil.

use super::drift::{Drift, Plan};
use super::emulator::{ACCESS_KEY, Emulator, REGION, SECRET_KEY, without_aws};
use super::error::CheckError;
use super::program;
use super::tools::{PLUGINS_VARIABLE, Tools};
use super::workplace::{Workplace, copy};
use build::package;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

/// More at once than Terraform's own 10: its provider waits most of the time.
const AT_ONCE: &str = "-parallelism=30";
/// What `plan -detailed-exitcode` ends with when there would be changes.
const CHANGES: i32 = 2;
const PLAN_FILE: &str = "plan.tfplan";

/// The copy, and what every command is given.
pub struct Terraform {
    directory: PathBuf,
    log: PathBuf,
    inputs: Vec<String>,
}

/// What was made.
#[derive(Debug)]
pub struct Outputs {
    pub api_url: String,
    pub log_groups: BTreeMap<String, String>,
    pub secret_names: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Output<T> {
    value: T,
}

#[derive(Deserialize)]
struct AllOutputs {
    api_url: Output<String>,
    log_groups: Output<BTreeMap<String, String>>,
    secret_names: Output<BTreeMap<String, String>>,
}

impl Terraform {
    /// Copies `terraform/`, to be applied to `emulator` with tokens of `issuer`.
    pub fn new(workplace: &Workplace, emulator: &Emulator, issuer: &str) -> Result<Self, CheckError> {
        let directory = workplace.terraform();
        copy(&workplace.root.join("terraform"), &directory, &is_left_out)?;
        let packages = package::directory(&workplace.root);
        let input = |name: &str, value: &str| format!("-var={name}={value}");
        let inputs = vec![
            "-var-file=environments/ephemeral.tfvars".into(),
            input("region", REGION),
            input("issuer", issuer),
            input("audience", cloud::issuer::AUDIENCE),
            input("endpoint_url", &emulator.url),
            input("manifest_path", &packages.join("manifest.json").display().to_string()),
            input("zip_dir", &packages.display().to_string()),
        ];
        Ok(Self { directory, log: workplace.log("terraform"), inputs })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut terraform = Command::new("terraform");
        terraform.current_dir(&self.directory).args(arguments);
        without_aws(&mut terraform);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TF_")) {
            terraform.env_remove(name);
        }
        let direct = std::env::var("NO_PROXY").map_or_else(|_| String::new(), |hosts| format!("{hosts},"));
        terraform
            .envs([("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0"), ("CHECKPOINT_DISABLE", "1")])
            .envs([("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)])
            .env("NO_PROXY", format!("{direct}127.0.0.1,localhost"));
        terraform
    }

    /// From the first mirror that serves, or else from the registry.
    pub async fn init(&self, tools: &Tools) -> Result<(), CheckError> {
        let init = ["init", "-no-color", "-input=false"];
        for mirror in &tools.mirrors {
            let mut command = self.command(&init);
            command.arg(format!("-plugin-dir={}", mirror.display()));
            if program::run(command, &self.log).await?.success() {
                return Ok(());
            }
        }
        let before = std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        if program::run(self.command(&init), &self.log).await?.success() {
            return Ok(());
        }
        let refused = CheckError::refused("terraform init", &self.log, before);
        Err(CheckError::Found(format!(
            "{refused}\nTerraform needs its AWS provider, from its registry or from a mirror. Make a mirror with `terraform providers \
             mirror` on a machine with network access, and name its directory in {PLUGINS_VARIABLE}"
        )))
    }

    /// Forgets what was applied.
    pub fn forget(&self) -> Result<(), CheckError> {
        let state = self.directory.join("terraform.tfstate");
        if state.exists() { std::fs::remove_file(&state).map_err(CheckError::io(state.display())) } else { Ok(()) }
    }

    pub async fn apply(&self) -> Result<(), CheckError> {
        self.change("terraform apply", "apply").await
    }

    pub async fn destroy(&self) -> Result<(), CheckError> {
        self.change("terraform destroy", "destroy").await
    }

    async fn change(&self, what: &'static str, verb: &str) -> Result<(), CheckError> {
        let mut command = self.command(&[verb, "-no-color", "-auto-approve", AT_ONCE]);
        command.args(&self.inputs);
        let before = std::fs::metadata(&self.log).map_or(0, |metadata| metadata.len());
        let ended = program::run(command, &self.log).await?;
        if ended.success() { Ok(()) } else { Err(CheckError::refused(what, &self.log, before)) }
    }

    /// What another apply would change.
    pub async fn drift(&self) -> Result<Drift, CheckError> {
        let mut command = self.command(&["plan", "-no-color", "-detailed-exitcode", AT_ONCE, &format!("-out={PLAN_FILE}")]);
        command.args(&self.inputs);
        match program::run(command, &self.log).await?.code() {
            Some(0) => Ok(Drift::default()),
            Some(CHANGES) => Ok(self.read::<Plan>(&["show", "-json", PLAN_FILE])?.drift()),
            _ => Err(CheckError::ended("terraform plan", &self.log)),
        }
    }

    pub fn outputs(&self) -> Result<Outputs, CheckError> {
        let AllOutputs { api_url, log_groups, secret_names } = self.read(&["output", "-json"])?;
        Ok(Outputs { api_url: api_url.value, log_groups: log_groups.value, secret_names: secret_names.value })
    }

    fn read<T: serde::de::DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, CheckError> {
        let said = program::answer(&mut self.command(arguments)).unwrap_or_default();
        serde_json::from_str(&said)
            .map_err(|error| CheckError::Found(format!("terraform {} is not understood: {error}", arguments[0])))
    }

    /// The wiring that the next apply reads.
    pub fn wiring(&self) -> PathBuf {
        self.directory.join("wiring.json")
    }
}

/// What a person's own work left there, state, plugins, a backend, and what is not applied.
fn is_left_out(name: &str) -> bool {
    let of_a_person = name.starts_with('.') || name.contains(".tfstate") || matches!(name, "backend.tf" | "terraform.tfvars");
    of_a_person || name.ends_with(".auto.tfvars") || name == "tests"
}
