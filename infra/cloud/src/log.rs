//! What functions log, in `logs/functions.jsonl`: written by a thread, so that no function waits for the disk. When the thread cannot
//! keep up lines are dropped and the drops are counted, in the log itself too.

use super::private::named;
use platform::telemetry::LogSink;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

const WAITING_MAX: usize = 16_384;
/// At this size the file becomes `functions.1.jsonl`, in the place of the one before.
const BYTES_MAX: u64 = 64 * 1_024 * 1_024;

/// The log of a data directory.
pub struct FileLog {
    /// None once closed.
    lines: Mutex<Option<SyncSender<String>>>,
    dropped: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The invocations whose lines someone wants, and the lines so far.
    tails: Mutex<HashMap<String, Vec<String>>>,
    tails_count: AtomicUsize,
}

/// How many lines of one invocation are kept.
const TAIL_LINES_MAX: usize = 64;

/// The lines of one invocation, as long as someone wants them.
pub struct Tail {
    log: Arc<FileLog>,
    request_id: String,
}

impl Tail {
    pub fn lines(&self) -> Vec<String> {
        self.log.tails().get(&self.request_id).cloned().unwrap_or_default()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let mut tails = self.log.tails();
        tails.remove(&self.request_id);
        self.log.tails_count.store(tails.len(), Relaxed);
    }
}

impl FileLog {
    pub fn open(directory: &Path) -> std::io::Result<Self> {
        let directory = directory.join("logs");
        std::fs::create_dir_all(&directory).map_err(named(&directory))?;
        let file = Rotated::open(directory.join("functions.jsonl"))?;
        let (sender, lines) = sync_channel(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new().name("log".into()).spawn({
            let dropped = dropped.clone();
            move || write_until_closed(file, &lines, &dropped)
        })?;
        Ok(Self {
            lines: Some(sender).into(),
            dropped,
            thread: Some(thread).into(),
            tails: Mutex::default(),
            tails_count: AtomicUsize::new(0),
        })
    }

    /// How many lines were dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Keeps the lines of the invocation `request_id` from now on.
    pub fn tail(self: &Arc<Self>, request_id: &str) -> Tail {
        let mut tails = self.tails();
        tails.insert(request_id.to_owned(), Vec::new());
        self.tails_count.store(tails.len(), Relaxed);
        Tail { log: self.clone(), request_id: request_id.to_owned() }
    }

    fn tails(&self) -> MutexGuard<'_, HashMap<String, Vec<String>>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, line: &str) {
        for (request_id, lines) in &mut *self.tails() {
            if lines.len() < TAIL_LINES_MAX && line.contains(request_id.as_str()) {
                lines.push(line.to_owned());
            }
        }
    }

    /// Writes what was accepted.
    pub fn close(&self) {
        drop(self.lines.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl LogSink for FileLog {
    fn line(&self, line: String) {
        if self.tails_count.load(Relaxed) > 0 {
            self.keep(&line);
        }
        let sent = match &*self.lines.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lines) => lines.try_send(line).is_ok(),
            None => false,
        };
        if !sent {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

fn write_until_closed(mut file: Rotated, lines: &Receiver<String>, dropped: &AtomicU64) {
    let mut reported = 0;
    while let Ok(first) = lines.recv() {
        let waiting = std::iter::once(first).chain(lines.try_iter());
        let written = waiting.map(|line| file.write(&line)).fold(0_u64, |failed, written| failed + u64::from(written.is_err()));
        dropped.fetch_add(written, Relaxed);
        let total = dropped.load(Relaxed);
        if total > reported {
            let _ = file.write(&format!(r#"{{"level":"warn","what":"log lines dropped","total":{total}}}"#));
            reported = total;
        }
        // A full disk shows as the next line's error.
        let _ = file.out.flush();
    }
}

struct Rotated {
    path: PathBuf,
    out: BufWriter<File>,
    bytes: u64,
}

impl Rotated {
    fn open(path: PathBuf) -> std::io::Result<Self> {
        let file = File::options().create(true).append(true).open(&path).map_err(named(&path))?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, out: BufWriter::with_capacity(64 * 1_024, file), bytes })
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        if self.bytes >= BYTES_MAX {
            self.out.flush()?;
            std::fs::rename(&self.path, self.path.with_extension("1.jsonl"))?;
            *self = Self::open(std::mem::take(&mut self.path))?;
        }
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")?;
        self.bytes += line.len() as u64 + 1;
        Ok(())
    }
}
