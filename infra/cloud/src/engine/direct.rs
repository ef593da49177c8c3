//! The engine without threads or files. The caller runs it, one request after another, in memory. Simulations need that: a thread of its
//! own would let a runtime look idle, and its paused time would jump.

use super::tokens::{Claim, Tokens};
use super::{Reply, Request, run_once, tables};
use crate::CloudError;
use crate::clock::LocalClock;
use crate::database::keep_plans;
use crate::signal::Signal;
use dynoxide::actions::vector_lifecycle::VectorIndexLifecycle;
use dynoxide::storage::Storage;
use platform::Service;
use platform::clock::Clock;
use platform::sdk::Names;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many prepared statements are kept: all that there are. With the 16 that SQLite's wrapper keeps, a tenth of the time is parsing SQL.
const STATEMENTS_KEPT: usize = 256;

pub struct Direct {
    inner: Mutex<Inner>,
    wrote: Signal,
    clock: Arc<LocalClock>,
}

struct Inner {
    storage: Storage,
    lifecycle: VectorIndexLifecycle,
    tokens: Tokens,
}

impl Direct {
    /// With every table of `services`. It gives `wrote` with every write.
    pub(super) fn open(services: &[&Service], names: &Names, clock: &Arc<LocalClock>, wrote: Signal) -> Result<Self, CloudError> {
        let storage = Storage::memory().map_err(CloudError::engine)?.with_clock(clock.clone());
        storage.conn().set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        keep_plans(storage.conn()).map_err(CloudError::engine)?;
        tables::create(&storage, services, names)?;
        let inner = Inner { storage, lifecycle: VectorIndexLifecycle::new(), tokens: Tokens::default() };
        Ok(Self { inner: inner.into(), wrote, clock: clock.clone() })
    }

    pub(super) fn run(&self, request: Request) -> Reply {
        let claim = match Claim::of(&request) {
            Ok(claim) => claim,
            Err(refused) => return refused,
        };
        let reads = request.effect() == super::Effect::Reads;
        let mut inner = self.inner();
        let Inner { storage, lifecycle, tokens } = &mut *inner;
        let done = run_once(request, claim, tokens, self.clock.now(), (storage, lifecycle));
        drop(inner);
        if !reads {
            self.wrote.give();
        }
        done
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&Storage) -> T) -> T {
        work(&self.inner().storage)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
