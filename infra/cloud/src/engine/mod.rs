//! DynamoDB, in process: dynoxide's storage and actions on one SQLite file. Writes go through one thread: SQLite has one writer, and
//! sixteen tasks that compete for its lock do half as much. Reads run on the caller's thread with connections of their own, which see every
//! acknowledged write (WAL). `synchronous=NORMAL` survived every kill -9 of the measurements; only a power failure may take the last
//! milliseconds.

pub mod ceiling;
mod direct;
mod readers;
mod request;
mod stream;
mod tables;
mod tokens;

pub use request::{Effect, Request};
pub use stream::{StreamReader, StreamRow, TRIMMED_MAX};

use crate::CloudError;
use crate::clock::LocalClock;
use crate::database::keep_plans;
use crate::signal::{Listener, Signal};
use direct::Direct;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::storage::Storage;
use jiff::Timestamp;
use platform::Service;
use platform::clock::Clock;
use platform::sdk::Names;
use readers::Readers;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokens::{Claim, Tokens};
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait.
const WAITING_MAX: usize = 1_024;
/// How many writes the thread takes at once before it notifies the relays.
const TAKEN_MAX: usize = 64;

/// A reply in DynamoDB's own JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    /// An error as AWS's JSON services word it.
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        Self { status, body: serde_json::json!({"__type": kind, "message": message}).to_string() }
    }
}

type Work = Box<dyn FnOnce(&Storage) + Send>;

enum Job {
    Run { request: Request, claim: Option<Claim>, reply: oneshot::Sender<Reply> },
    With(Work),
    Close,
}

/// The engine of a data directory, or of a simulation.
pub struct Engine {
    store: Store,
    written: Signal,
    /// The names of the services' tables, as a JSON list. A data directory may have others: of services that do not run now.
    tables: String,
}

/// Who runs the requests.
enum Store {
    /// A thread that writes, and the callers, who read.
    File(Box<Threads>),
    /// The callers, one at a time: in memory.
    Memory(Arc<Direct>),
}

struct Threads {
    writer: mpsc::Sender<Job>,
    readers: Readers,
    file: PathBuf,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Opens the engine, with every table of `services`.
    pub fn open(directory: &Path, services: &[&Service], names: &Names, clock: &Arc<LocalClock>) -> Result<Self, CloudError> {
        let file = directory.join("dynamodb.sqlite");
        let storage = open_storage(&file, clock)?;
        tables::create(&storage, services, names)?;
        let readers = Readers::open(&file, clock)?;
        let (writer, jobs) = mpsc::channel(WAITING_MAX);
        let written = Signal::default();
        let wrote = written.clone();
        let generation = readers.generation();
        let clock = clock.clone();
        let write = move || write_until_closed(&storage, &clock, jobs, &wrote, &generation);
        let thread = std::thread::Builder::new().name("dynamodb-writer".into()).spawn(write).map_err(CloudError::Directory)?;
        let store = Store::File(Box::new(Threads { writer, readers, file, thread: Some(thread).into() }));
        Ok(Self { store, written, tables: tables_of(services, names)? })
    }

    /// An engine in memory, for as long as it lives. It has no threads, so it fits a runtime whose time is paused.
    pub fn in_memory(services: &[&Service], names: &Names, clock: &Arc<LocalClock>) -> Result<Self, CloudError> {
        let written = Signal::default();
        let direct = Direct::open(services, names, clock, written.clone())?;
        Ok(Self { store: Store::Memory(Arc::new(direct)), written, tables: tables_of(services, names)? })
    }

    /// Runs the operation that `body` is the JSON of.
    pub async fn call(&self, operation: &str, body: &[u8]) -> Reply {
        match Request::parse(operation, body) {
            Ok(request) => self.run(request).await,
            Err(refused) => refused,
        }
    }

    /// Runs a request.
    pub async fn run(&self, request: Request) -> Reply {
        let threads = match &self.store {
            Store::Memory(direct) => return direct.run(request),
            Store::File(threads) => threads,
        };
        if request.effect() == Effect::Reads {
            return threads.readers.run(request);
        }
        let claim = match Claim::of(&request) {
            Ok(claim) => claim,
            Err(refused) => return refused,
        };
        let (reply, replied) = oneshot::channel();
        let closed = || Reply::error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "the engine is closed");
        if threads.writer.send(Job::Run { request, claim, reply }).await.is_err() {
            return closed();
        }
        replied.await.unwrap_or_else(|_| closed())
    }

    /// Does something else on the writer's thread, between two writes; none when the engine is closed.
    pub(super) async fn with<T: Send + 'static>(&self, work: impl FnOnce(&Storage) -> T + Send + 'static) -> Option<T> {
        let threads = match &self.store {
            Store::Memory(direct) => return Some(direct.with(work)),
            Store::File(threads) => threads,
        };
        let (reply, replied) = oneshot::channel();
        let work: Work = Box::new(move |storage| drop(reply.send(work(storage))));
        threads.writer.send(Job::With(work)).await.ok()?;
        replied.await.ok()
    }

    /// Reads the tables of an engine in memory as SQLite keeps them; none when they are in a file, which a reader opens itself.
    pub fn read<T>(&self, read: impl FnOnce(&rusqlite::Connection) -> T) -> Option<T> {
        match &self.store {
            Store::Memory(direct) => Some(direct.with(|storage| read(storage.conn()))),
            Store::File(_) => None,
        }
    }

    /// Hears every write.
    pub fn written(&self) -> Listener {
        self.written.listen()
    }

    /// A reader of the tables' changes.
    pub fn stream_reader(&self) -> Result<StreamReader, CloudError> {
        match &self.store {
            Store::File(threads) => StreamReader::open(&threads.file),
            Store::Memory(direct) => Ok(StreamReader::of(direct.clone())),
        }
    }

    /// Finishes what was accepted and lets go of the file.
    pub async fn close(&self) {
        let Store::File(threads) = &self.store else { return };
        let _ = threads.writer.send(Job::Close).await;
        let thread = threads.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
        threads.readers.close();
    }
}

fn tables_of(services: &[&Service], names: &Names) -> Result<String, CloudError> {
    let tables: Vec<_> = services.iter().flat_map(|service| service.tables).map(|table| names.table(table)).collect();
    serde_json::to_string(&tables).map_err(CloudError::engine)
}

fn write_until_closed(
    storage: &Storage,
    clock: &LocalClock,
    mut jobs: mpsc::Receiver<Job>,
    wrote: &Signal,
    generation: &readers::Generation,
) {
    let lifecycle = VectorIndexLifecycle::new();
    let mut tokens = Tokens::default();
    let mut taken = Vec::with_capacity(TAKEN_MAX);
    while jobs.blocking_recv_many(&mut taken, TAKEN_MAX) > 0 {
        let mut wrote_any = false;
        for job in taken.drain(..) {
            match job {
                Job::Run { request, claim, reply } => {
                    let defines = request.effect() == Effect::Defines;
                    let done = run_once(request, claim, &mut tokens, clock.now(), (storage, &lifecycle));
                    if defines {
                        generation.next();
                    }
                    wrote_any = true;
                    // The caller may have stopped waiting. Its write is kept, as on AWS.
                    let _ = reply.send(done);
                }
                Job::With(work) => work(storage),
                Job::Close => return,
            }
        }
        if wrote_any {
            wrote.give();
        }
    }
}

/// Runs a request, unless the token that it claims was used for it already.
fn run_once(
    request: Request,
    claim: Option<Claim>,
    tokens: &mut Tokens,
    now: Timestamp,
    (storage, lifecycle): (&Storage, &VectorIndexLifecycle),
) -> Reply {
    if let Some(repeated) = claim.and_then(|claim| tokens.repeated(claim, &request, now)) {
        return repeated;
    }
    let done = run_or_roll_back(request, storage, lifecycle);
    if let (Some(claim), 200) = (claim, done.status) {
        tokens.remember(claim, now);
    }
    done
}

/// A request that makes dynoxide panic fails alone; the thread goes on.
fn run_or_roll_back(request: Request, storage: &Storage, lifecycle: &VectorIndexLifecycle) -> Reply {
    std::panic::catch_unwind(AssertUnwindSafe(|| request.run(storage, lifecycle))).unwrap_or_else(|_| {
        if !storage.conn().is_autocommit() {
            let _ = storage.rollback();
        }
        Reply::error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", "the engine panicked")
    })
}

/// A connection with the settings that the measurements chose.
fn open_storage(file: &Path, clock: &Arc<LocalClock>) -> Result<Storage, CloudError> {
    let storage = Storage::new(&file.to_string_lossy()).map_err(CloudError::engine)?.with_clock(clock.clone());
    storage.conn().execute_batch(PRAGMAS).map_err(CloudError::engine)?;
    keep_plans(storage.conn()).map_err(CloudError::engine)?;
    Ok(storage)
}

pub(super) const PRAGMAS: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -16000; \
     PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 10000;";

#[cfg(test)]
mod tests;
