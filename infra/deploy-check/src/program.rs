//! Programs that the check starts. Each has a process group of its own, so that its children end with it. Dropping the owner kills the
//! group, also at Ctrl-C.

use super::error::CheckError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a program may take to end after the signal.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// A program that runs.
pub struct Running {
    group: Pid,
    waiting: JoinHandle<std::io::Result<ExitStatus>>,
}

impl Running {
    /// Starts `command`; what it says is appended to `log`.
    pub fn start(command: Command, log: &Path) -> Result<Self, CheckError> {
        Self::start_to(command, log, log)
    }

    /// The same with its answer, on standard output, appended to `answer`.
    fn start_to(mut command: Command, answer: &Path, log: &Path) -> Result<Self, CheckError> {
        let file = |path: &Path| File::options().create(true).append(true).open(path).map_err(CheckError::io(path.display()));
        let name = command.get_program().to_owned();
        command.process_group(0).stdin(Stdio::null()).stdout(file(answer)?).stderr(file(log)?);
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

    /// Waits for the end of what must succeed, and whose log is `log`.
    pub async fn succeed(mut self, what: &'static str, log: &Path) -> Result<(), CheckError> {
        let ended = self.end().await.map_err(CheckError::io("waiting for a program"))?;
        if ended.success() { Ok(()) } else { Err(CheckError::ended(what, log)) }
    }

    /// Asks it to end, and waits a while.
    pub async fn stop(mut self) {
        // It may have ended already; then there is nothing to signal.
        let _ = kill_process_group(self.group, Signal::TERM);
        let _ = tokio::time::timeout(STOP_TIME_MAX, self.end()).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What is left of the group. None is the usual case.
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
    Running::start(command, log)?.succeed(what, log).await
}

/// What `command` answers on standard output, once it has succeeded. What else it says is appended to `log`, and the answer of one that
/// fails, too.
pub async fn ask(what: &'static str, command: Command, log: &Path) -> Result<String, CheckError> {
    let path = log.with_extension("answer");
    std::fs::write(&path, "").map_err(CheckError::io(path.display()))?;
    let mut running = Running::start_to(command, &path, log)?;
    let ended = running.end().await.map_err(CheckError::io("waiting for a program"))?;
    let answer = std::fs::read(&path).map_err(CheckError::io(path.display()))?;
    if ended.success() {
        return Ok(String::from_utf8_lossy(&answer).into_owned());
    }
    let mut file = File::options().append(true).open(log).map_err(CheckError::io(log.display()))?;
    file.write_all(&answer).map_err(CheckError::io(log.display()))?;
    Err(CheckError::ended(what, log))
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

    /// Starts a child that lasts, and writes its id to standard error.
    const LASTING: &str = "sleep 600 & echo $! >&2; wait";

    /// The id of the child that [`LASTING`] started.
    async fn child(log: &Path) -> u32 {
        loop {
            match std::fs::read_to_string(log).unwrap_or_default().trim().parse() {
                Ok(child) => return child,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    async fn until_it_has_ended(child: u32) {
        // It is a zombie until its new parent has waited for it: it no longer runs.
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
    async fn what_is_dropped_ends_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let running = Running::start(shell(LASTING), &log).unwrap();
        let child = child(&log).await;
        drop(running);
        until_it_has_ended(child).await;
    }

    /// As a Ctrl-C does while an operator's command runs, and on the one thread there may be.
    #[tokio::test]
    async fn what_is_asked_can_be_interrupted_and_ends_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let child = tokio::select! {
            answer = ask("the script", shell(LASTING), &log) => panic!("{answer:?}"),
            child = child(&log) => child,
        };
        until_it_has_ended(child).await;
    }

    #[tokio::test]
    async fn an_answer_is_returned_alone_or_with_the_failure() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        for _ in 0..2 {
            assert_eq!(ask("the script", shell("echo a note >&2; echo 7"), &log).await.unwrap(), "7\n");
        }
        let failed =
            ask("the script", shell("echo a note >&2; echo it is not clean; exit 1"), &log).await.unwrap_err().to_string();
        assert!(failed.starts_with("the script failed") && failed.ends_with("it is not clean"), "{failed}");
    }

    #[tokio::test]
    async fn a_failure_shows_the_end_of_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        let failed = succeed("the script", shell("echo why; exit 3"), &log).await.unwrap_err().to_string();
        assert!(failed.starts_with("the script failed") && failed.ends_with("why"), "{failed}");
    }
}
