//! Connections that only read, used by each caller on its own thread. Each knows the tables as they were when it was opened, so a change of
//! the tables makes it open again.

use super::{Reply, Request, open_storage};
use crate::CloudError;
use crate::clock::LocalClock;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::storage::Storage;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As many as threads that may ask at once: two workers, and a few for tests with more.
const CONNECTIONS: usize = 4;

/// Counts the changes of the tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Generation(Arc<AtomicU64>);

impl Generation {
    pub(super) fn next(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

struct Connection {
    generation: u64,
    /// None once closed.
    storage: Option<Storage>,
}

pub(super) struct Readers {
    connections: [Mutex<Connection>; CONNECTIONS],
    generation: Generation,
    file: PathBuf,
    clock: Arc<LocalClock>,
    lifecycle: VectorIndexLifecycle,
}

impl Readers {
    pub(super) fn open(file: &Path, clock: &Arc<LocalClock>) -> Result<Self, CloudError> {
        let open = || Ok(Mutex::new(Connection { generation: 0, storage: Some(open_storage(file, clock)?) }));
        Ok(Self {
            connections: [open()?, open()?, open()?, open()?],
            generation: Generation::default(),
            file: file.to_owned(),
            clock: clock.clone(),
            lifecycle: VectorIndexLifecycle::new(),
        })
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation.clone()
    }

    pub(super) fn run(&self, request: Request) -> Reply {
        let failed = |message: &str| Reply::error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError", message);
        let mut connection = self.free();
        let generation = self.generation.0.load(SeqCst);
        if connection.generation != generation && connection.storage.is_some() {
            match open_storage(&self.file, &self.clock) {
                Ok(storage) => *connection = Connection { generation, storage: Some(storage) },
                Err(error) => return failed(&error.to_string()),
            }
        }
        match &connection.storage {
            Some(storage) => request.run(storage, &self.lifecycle),
            None => failed("the engine is closed"),
        }
    }

    /// A connection that nobody uses; when all are in use, the first one, once it is free.
    fn free(&self) -> MutexGuard<'_, Connection> {
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok());
        free.unwrap_or_else(|| self.connections[0].lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn close(&self) {
        for connection in &self.connections {
            connection.lock().unwrap_or_else(PoisonError::into_inner).storage = None;
        }
    }
}
