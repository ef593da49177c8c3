//! Koban's binary, run to its end or until it is ready; a cloud cannot outlive its test.

use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const READY_WITHIN: Duration = Duration::from_mins(1);

/// `koban` with `arguments`, in a directory of no importance, without the settings of the person who runs the tests.
pub fn koban(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_koban"));
    command.args(arguments).current_dir(std::env::temp_dir()).stdin(Stdio::null());
    command.env_remove("RUST_BACKTRACE").env_remove("KOBAN_FEED_SECRET");
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Said {
    /// That the command failed with one line that has all of `words`.
    pub fn refuses(&self, words: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.err.starts_with("koban: ") && self.err.trim_end().lines().count() == 1, "{self:?}");
        assert!(words.iter().all(|word| self.err.contains(word)), "{words:?} {self:?}");
    }

    /// That the command refused its arguments, with all of `words`.
    pub fn misused(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert!(self.err.starts_with("error: ") && words.iter().all(|word| self.err.contains(word)), "{words:?} {self:?}");
    }
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Said {
    koban(arguments).output().unwrap().into()
}

/// A data directory and its cloud.
pub struct Cloud {
    pub directory: TempDir,
    child: Option<Child>,
}

impl Cloud {
    /// One that has started and answers.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One that was started with further arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let mut cloud = Self { directory: tempfile::tempdir().unwrap(), child: None };
        cloud.start_again(arguments);
        cloud
    }

    /// Starts a cloud on the directory of one that has stopped.
    pub fn start_again(&mut self, arguments: &[&str]) {
        let data = self.data();
        let mut command = koban(&[&["up", "--port", "0", "--data", &data], arguments].concat());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.child = Some(child);
        let started = Instant::now();
        while !self.file("url").exists() {
            assert!(started.elapsed() < READY_WITHIN, "it is not ready");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A directory whose cloud has come and gone.
    pub fn stopped() -> Self {
        let mut cloud = Self::start();
        cloud.stop();
        cloud
    }

    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert!(child.wait().unwrap().success());
    }

    pub fn data(&self) -> String {
        self.file("").to_str().unwrap().trim_end_matches('/').to_owned()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("data").join(name)
    }

    /// `koban up` on the directory, which is expected to fail. It is ended where it does not.
    pub fn up(&self) -> Said {
        let mut command = koban(&["up", "--port", "0", "--data", &self.data()]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() && !self.file("url").is_file() && started.elapsed() < READY_WITHIN {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_none() {
            // Ready: what it was started with did not stop it.
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        child.wait_with_output().unwrap().into()
    }

    pub fn verify(&self) -> Said {
        run(&["verify", "--data", &self.data()])
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A copy of a directory, with what it holds.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
