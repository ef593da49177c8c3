//! Runs a binary as Lambda would, under callgrind, and reads how many instructions it took from exec to where it was stopped. The count
//! does not depend on the machine's load, as long as no timeout strikes: the caller looks at what DynamoDB has seen.

use crate::runtime_api::{RuntimeApi, Until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long one run may take, all in all.
const RUN_TIME_MAX: Duration = Duration::from_mins(5);
/// Between the last request and the end, so that the process has come to rest.
const REST: Duration = Duration::from_millis(500);

/// A binary and what its environment says.
pub struct Subject {
    pub name: &'static str,
    pub binary: PathBuf,
    pub environment: Vec<(&'static str, String)>,
}

/// A process that is not left behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Subject {
    /// Counts the instructions until `until`, and returns them with the function's answer.
    pub async fn count(&self, directory: &Path, event: &Value, until: Until) -> Result<(u64, Option<Value>), String> {
        let output = directory.join(format!("{}-{until:?}.callgrind", self.name));
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--vgdb=no", "--tool=callgrind"]);
        command.arg(format!("--callgrind-out-file={}", output.display())).arg(&self.binary);
        let reply = self.run(command, event, until).await?;
        let text = std::fs::read_to_string(&output).map_err(|error| format!("callgrind has written nothing: {error}"))?;
        let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let count = totals.and_then(|count| count.trim().parse().ok()).ok_or("callgrind has written no totals")?;
        Ok((count, reply))
    }

    /// Runs it as it is.
    pub async fn answer(&self, event: &Value) -> Result<Option<Value>, String> {
        self.run(Command::new(&self.binary), event, Until::Answered).await
    }

    async fn run(&self, mut command: Command, event: &Value, until: Until) -> Result<Option<Value>, String> {
        let mut api = RuntimeApi::start(event, until).await;
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())));
        command.env("AWS_LAMBDA_RUNTIME_API", &api.address).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut running = Running(command.spawn().map_err(|error| format!("{} cannot be run: {error}", self.name))?);
        tokio::select! {
            () = api.reached() => tokio::time::sleep(REST).await,
            () = ended(&mut running.0) => return Err(format!("{} ended early: {}", self.name, stderr_of(running))),
            () = tokio::time::sleep(RUN_TIME_MAX) => return Err(format!("{} took longer than {RUN_TIME_MAX:?}", self.name)),
        }
        let pid = Pid::from_child(&running.0);
        kill_process(pid, Signal::TERM).map_err(|error| format!("{} cannot be stopped: {error}", self.name))?;
        let stopped = tokio::time::timeout(RUN_TIME_MAX, ended(&mut running.0)).await;
        stopped.map_err(|_| format!("{} does not stop", self.name))?;
        Ok(api.reply())
    }
}

async fn ended(child: &mut Child) {
    while matches!(child.try_wait(), Ok(None)) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What an ended process said of its end.
fn stderr_of(mut running: Running) -> String {
    use std::io::Read;
    let mut text = String::new();
    let _ = running.0.stderr.take().map(|mut stderr| stderr.read_to_string(&mut text));
    text
}
