//! The emulator of AWS: installed with pip under `target/`, started on a free loopback port with IAM enforced, asked for what Terraform
//! does not do. docs/decisions/0009 has what it does otherwise than AWS.

use super::error::CheckError;
use super::program::{self, Running, answer};
use super::workplace::Workplace;
use client::http::{BaseUrl, Call, Connection, uri};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Each at the one version whose differences from AWS were looked at.
const REQUIREMENTS: &str = include_str!("requirements.txt");
/// What is installed, in its environment: written last, so that half an installation is none.
const INSTALLED: &str = "installed.txt";
pub const REGION: &str = "ap-northeast-1";
const ACCOUNT: &str = "000000000000";
/// Its own administrator's, in whose name Terraform works.
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";
const START_TIME_MAX: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A running one.
pub struct Emulator {
    pub url: String,
    running: Running,
}

/// Installs it, unless it is there.
pub async fn install(workplace: &Workplace) -> Result<(), CheckError> {
    let (environment, log) = (workplace.environment(), workplace.log("pip"));
    let python = environment.join("bin/python");
    let installed = environment.join(INSTALLED);
    let is_there = std::fs::read_to_string(&installed).is_ok_and(|requirements| requirements == REQUIREMENTS);
    if is_there && answer(Command::new(&python).args(["-c", "import cryptography, ministack"])).is_some() {
        return Ok(());
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    program::succeed("making a Python environment", make, &log).await?;
    let requirements = environment.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).map_err(CheckError::io(requirements.display()))?;
    let mut pip = Command::new(&python);
    // Nothing that is not listed; what is missing there `pip check` names.
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--requirement"]).arg(&requirements);
    program::succeed("installing the emulator with pip", pip, &log).await?;
    let mut check = Command::new(&python);
    check.args(["-m", "pip", "check"]);
    program::succeed("checking that the emulator's requirements are all listed", check, &log).await?;
    std::fs::write(&installed, REQUIREMENTS).map_err(CheckError::io(installed.display()))
}

/// Starts it and waits until it answers.
pub async fn start(workplace: &Workplace) -> Result<Emulator, CheckError> {
    let log = workplace.log("emulator");
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(workplace.environment().join("bin/python"));
    command.args(["-m", "ministack"]).current_dir(workplace.temporary());
    without_aws(&mut command);
    command
        .envs([("BIND_HOST", "127.0.0.1"), ("AUTH", "true"), ("LAMBDA_EXECUTOR", "local")])
        // Otherwise it would listen on every address of the machine.
        .env("IOT_MTLS_ENABLED", "0")
        .env("GATEWAY_PORT", port.to_string())
        .envs([("MINISTACK_ACCOUNT_ID", ACCOUNT), ("MINISTACK_REGION", REGION)])
        // Functions find it by this.
        .env("AWS_ENDPOINT_URL", &url)
        .env("TMPDIR", workplace.temporary());
    let emulator = Emulator { running: Running::start(command, &log)?, url };
    emulator.until_it_answers(&log).await?;
    Ok(emulator)
}

impl Emulator {
    async fn until_it_answers(&self, log: &Path) -> Result<(), CheckError> {
        let started = Instant::now();
        loop {
            if self.running.has_ended() || started.elapsed() > START_TIME_MAX {
                return Err(CheckError::ended("starting the emulator", log));
            }
            let answered = self.connection()?.send(&Call::get("/_ministack/health")?).await;
            if answered.is_ok_and(|reply| reply.status.is_success()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn connection(&self) -> Result<Connection, CheckError> {
        let base: BaseUrl = self.url.parse().map_err(CheckError::Found)?;
        Ok(Connection::new(base))
    }

    /// Calls an action of an AWS service that speaks JSON, as the administrator: `AmazonSSM.PutParameter` of `ssm`.
    async fn call(&self, service: &str, target: &str, body: &Value) -> Result<Value, CheckError> {
        let now = Timestamp::now();
        // It believes its administrator without a signature.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{}/{REGION}/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
            now.strftime("%Y%m%d")
        );
        let call = Call::post_to(uri("/")?, body.to_string().into())
            .with("content-type", "application/x-amz-json-1.1")
            .with("x-amz-target", target)
            .with("x-amz-date", &now.strftime("%Y%m%dT%H%M%SZ").to_string())
            .with("authorization", &authorization);
        Ok(self.connection()?.send(&call).await?.accepted(target)?.json()?)
    }

    /// Forgets everything that was made in it.
    pub async fn reset(&self) -> Result<(), CheckError> {
        let call = Call::post("/_ministack/reset", "{}")?;
        Ok(self.connection()?.send(&call).await?.accepted("resetting the emulator").map(drop)?)
    }

    /// Writes a secret, as an operator does by hand.
    pub async fn put_secret(&self, name: &str, value: &str) -> Result<(), CheckError> {
        let parameter = json!({"Name": name, "Value": value, "Type": "SecureString", "Overwrite": true});
        self.call("ssm", "AmazonSSM.PutParameter", &parameter).await.map(drop)
    }

    /// Puts a message on the queue of that whole name.
    pub async fn send_message(&self, queue: &str, body: &str) -> Result<(), CheckError> {
        let message = json!({"QueueUrl": format!("{}/{ACCOUNT}/{queue}", self.url), "MessageBody": body});
        self.call("sqs", "AmazonSQS.SendMessage", &message).await.map(drop)
    }

    /// What a function has logged since `since`, line by line.
    pub async fn log_of(&self, group: &str, since: Timestamp) -> Result<Vec<String>, CheckError> {
        let mut lines = Vec::new();
        let mut query = json!({"logGroupName": group, "startTime": since.as_millisecond()});
        loop {
            let page = self.call("logs", "Logs_20140328.FilterLogEvents", &query).await?;
            let events = page["events"].as_array().into_iter().flatten();
            lines.extend(events.filter_map(|event| event["message"].as_str()).map(str::to_owned));
            match page.get("nextToken").filter(|token| token.is_string()) {
                Some(token) => query["nextToken"] = token.clone(),
                None => return Ok(lines),
            }
        }
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// Nothing of the caller's own AWS reaches what works on an emulator.
pub fn without_aws(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
}

/// A port of the loopback address that nothing listens on.
pub fn free_port() -> Result<u16, CheckError> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr()).map_err(CheckError::io("finding a free port"))?;
    Ok(address.port())
}
