//! Koban's binary as a child process that cannot outlive the test: dropping its owner kills it. On Linux the kernel kills it when the test
//! itself is killed.

use super::ask::Asking;
use client::http::{Call, Connection};
use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What to run koban with, for the launcher: a JSON array.
const ARGUMENTS: &str = "KOBAN_DURABILITY_LAUNCH";
const READY_WITHIN: Duration = Duration::from_mins(1);
/// Below the ports that the system hands out, so that nobody takes the port of a cloud that is just down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// `koban` with `arguments`: this very binary, which becomes koban once its life is bound to ours.
pub fn koban(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "child::launch", "--nocapture"]);
    command.env(ARGUMENTS, serde_json::to_string(arguments).unwrap());
    command
}

#[test]
#[ignore = "what the other tests start"]
fn launch() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else { return };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let arguments: Vec<String> = serde_json::from_str(&arguments).unwrap();
    let failed = Command::new(env!("CARGO_BIN_EXE_koban")).args(arguments).env_remove(ARGUMENTS).exec();
    panic!("koban cannot be run: {failed}");
}

/// A local cloud in a process of its own, on one directory and two ports for all its lives.
pub struct Cloud {
    child: Child,
    directory: PathBuf,
    data: PathBuf,
    /// Of the API, and of the AWS endpoint.
    ports: [u16; 2],
}

impl Cloud {
    /// Starts one; it is not ready yet.
    pub fn start(directory: &Path) -> Self {
        let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let mut any = std::iter::repeat_with(|| fastrand::u16(PORTS)).filter(free);
        let ports = [any.next().unwrap(), any.next().unwrap()];
        let data = directory.join("data");
        Self { child: spawn(directory, &data, ports), directory: directory.to_owned(), data, ports }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// DynamoDB's reply to an operation.
    pub async fn aws(&self, operation: &str, request: &Value) -> Value {
        let mut connection = Connection::new(format!("http://127.0.0.1:{}", self.ports[1]).parse().unwrap());
        let call = Call::post("/", request.to_string()).unwrap();
        let call = call.with("x-amz-target", &format!("DynamoDB_20120810.{operation}"));
        connection.send(&call).await.unwrap().accepted(operation).unwrap().json().unwrap()
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Waits until it answers.
    pub async fn until_ready(&mut self) {
        let started = Instant::now();
        while !Asking::of(self).is_answered().await {
            self.assert_lives();
            assert!(started.elapsed() < READY_WITHIN, "it does not answer:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Nothing but a kill ends it.
    pub fn assert_lives(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it ended without a kill:\n{}", self.said());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&ended),
            Some(9),
            "it had ended without a kill:\n{}",
            self.said()
        );
    }

    /// Starts it again after a kill; it is not ready yet.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.directory, &self.data, self.ports);
    }

    /// Kills it, starts it again and waits until it answers.
    pub async fn restart(&mut self) {
        self.kill();
        self.start_again();
        self.until_ready().await;
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.directory.join("up.log")).unwrap_or_default()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(directory: &Path, data: &Path, [port, aws_port]: [u16; 2]) -> Child {
    let said = std::fs::File::options().create(true).append(true).open(directory.join("up.log")).unwrap();
    let (port, aws_port) = (port.to_string(), aws_port.to_string());
    let mut command = koban(&["up", "--port", &port, "--aws-port", &aws_port, "--data", data.to_str().unwrap()]);
    command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
}
