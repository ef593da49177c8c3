//! What some functions used, from the one line that each invocation logs. The log is read while it is written, because it begins again
//! when it has grown, and only the lines of those functions are parsed.

use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

const LOOK_EVERY: Duration = Duration::from_millis(500);

/// All that they used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    pub invocations: f64,
    pub write_units: f64,
    pub read_units: f64,
    pub calls: f64,
}

#[derive(Deserialize)]
struct Line<'a> {
    function: &'a str,
    /// Only the lines of invocations have the units.
    wru: Option<f64>,
    rru: Option<f64>,
    calls: Option<f64>,
}

/// Follows the log of a data directory.
pub(super) struct Invocations {
    stop: Sender<()>,
    thread: JoinHandle<Used>,
}

impl Invocations {
    pub(super) fn follow(data: &Path, functions: &'static [&'static str]) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let mut follower = Follower { path: data.join("logs/functions.jsonl"), position: 0, functions, used: Used::default() };
        let thread = std::thread::Builder::new().name("invocations".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK_EVERY) {
                // A log that cannot be read now may be read at the next look; at the end its units are missing.
                let _ = follower.read();
            }
            let _ = follower.read();
            follower.used
        })?;
        Ok(Self { stop, thread })
    }

    /// Reads what was written up to now and ends.
    pub(super) fn end(self) -> Used {
        // The thread may have ended already; joining shows how.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_default()
    }
}

struct Follower {
    path: PathBuf,
    /// Up to here whole lines were read.
    position: u64,
    functions: &'static [&'static str],
    used: Used,
}

impl Follower {
    fn read(&mut self) -> std::io::Result<()> {
        if File::open(&self.path)?.metadata()?.len() < self.position {
            // It was rotated: its unread lines are in the old file.
            let aside = self.path.with_extension("1.jsonl");
            self.read_from(&aside)?;
            self.position = 0;
        }
        let path = self.path.clone();
        self.read_from(&path)
    }

    fn read_from(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.position))?;
        let mut reader = BufReader::with_capacity(256 * 1_024, file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
            self.position += line.len() as u64;
            self.count(&line);
            line.clear();
        }
        Ok(())
    }

    fn count(&mut self, line: &[u8]) {
        let names = |name: &str| line.windows(name.len()).any(|window| window == name.as_bytes());
        if !self.functions.iter().any(|name| names(name)) {
            return;
        }
        let Ok(Line { function, wru: Some(wru), rru, calls }) = serde_json::from_slice(line) else { return };
        if self.functions.contains(&function) {
            self.used.invocations += 1.0;
            self.used.write_units += wru;
            self.used.read_units += rru.unwrap_or_default();
            self.used.calls += calls.unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const FUNCTIONS: &[&str] = &["fold-card", "send-card", "count-cards"];

    fn line(function: &str) -> String {
        format!("{{\"function\":\"{function}\",\"outcome\":\"ok\",\"wru\":4.0,\"rru\":1.5,\"calls\":2}}\n")
    }

    #[test]
    fn lines_of_the_functions_are_counted_also_when_the_log_begins_again() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("logs")).unwrap();
        let path = data.path().join("logs/functions.jsonl");
        let write =
            |text: &str| File::options().create(true).append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
        let mut follower = Follower { path: path.clone(), position: 0, functions: FUNCTIONS, used: Used::default() };
        write(&line("fold-card"));
        write(&line("look-away"));
        write("{\"function\":\"fold-card\",\"error\":\"send-card\"}\n");
        follower.read().unwrap();
        write(&line("send-card"));
        std::fs::rename(&path, path.with_extension("1.jsonl")).unwrap();
        write(&line("count-cards"));
        write("{\"function\":\"fold-c");
        follower.read().unwrap();
        assert_eq!(follower.used, Used { invocations: 3.0, write_units: 12.0, read_units: 4.5, calls: 6.0 });
    }
}
