//! Programs that the check starts, each in a process group of its own, so that a program's own children end with it: a group is killed
//! when what runs it is dropped, as at Ctrl-C.

use super::error::CheckError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a program may take to end by itself.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// A program that runs.
pub struct Running {
    group: Pid,
    waiting: JoinHandle<std::io::Result<ExitStatus>>,
}

impl Running {
    /// Starts `command`; what it says is appended to `log`.
    pub fn start(mut command: Command, log: &Path) -> Result<Self, CheckError> {
        let file = || File::options().create(true).append(true).open(log).map_err(CheckError::io(log.display()));
        let name = command.get_program().to_owned();
        command.process_group(0).stdin(Stdio::null()).stdout(file()?).stderr(file()?);
        let mut child = command.spawn().map_err(CheckError::io(format!("{} cannot be run", name.display())))?;
        let group = Pid::from_child(&child);
        Ok(Self { group, waiting: tokio::task::spawn_blocking(move || child.wait()) })
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.waiting.is_finished()
    }

    async fn end(&mut self) -> std::io::Result<ExitStatus> {
        (&mut self.waiting).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }

    /// Lets it end by itself, for a while.
    pub async fn stop(mut self) {
        // It may have ended already; then there is nothing to tell.
        let _ = kill_process_group(self.group, Signal::TERM);
        let _ = tokio::time::timeout(STOP_TIME_MAX, self.end()).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whatever is left of the group. None is the usual case.
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

/// Runs `command` to its end; what it says is appended to `log`.
pub async fn run(command: Command, log: &Path) -> Result<ExitStatus, CheckError> {
    let mut running = Running::start(command, log)?;
    running.end().await.map_err(CheckError::io("waiting for a program"))
}

/// The same for what must succeed.
pub async fn succeed(what: &'static str, command: Command, log: &Path) -> Result<(), CheckError> {
    if run(command, log).await?.success() { Ok(()) } else { Err(CheckError::ended(what, log)) }
}

/// What `command`, which is quick, says; none if it is not there or fails.
pub fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_is_dropped_ends_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let running = Running::start(shell("sleep 600 & echo $!; wait"), &log).unwrap();
        let child = loop {
            match std::fs::read_to_string(&log).unwrap().trim().parse::<u32>() {
                Ok(child) => break child,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        drop(running);
        // A zombie until whoever inherits it has looked: it runs no more.
        let runs = || std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..500 {
            if !runs() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{child} still runs");
    }

    #[tokio::test]
    async fn what_fails_is_told_by_the_end_of_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let failed = succeed("the script", shell("echo why; exit 3"), &log).await.unwrap_err().to_string();
        assert!(failed.starts_with("the script failed") && failed.ends_with("why"), "{failed}");
    }
}
