//! A service: the tables it owns and the functions it has. What else there is of it, its functions' definitions name.

use crate::Function;
use crate::access::ACCESS;
use crate::resource::{Alarm, QueueSpec, Secret, Setting, Table, Topic};

/// A service. A function is added by one entry of its list.
#[derive(Debug)]
pub struct Service {
    pub name: &'static str,
    pub doc: &'static str,
    /// The tables it owns. No other service touches them but by a grant that this one declares.
    pub tables: &'static [&'static Table],
    pub functions: &'static [&'static Function],
    /// The services that it needs beside those that its definitions show.
    pub needs: &'static [&'static str],
}

impl Service {
    pub const fn new(
        name: &'static str,
        doc: &'static str,
        tables: &'static [&'static Table],
        functions: &'static [&'static Function],
    ) -> Self {
        Self { name, doc, tables, functions, needs: &[] }
    }

    /// The services that it needs for what no definition shows, such as a call of another's route. A grant on another's table, a message to
    /// another's queue and a subscription to another's topic are needs that need no word here: see [`crate::deployment`].
    #[must_use]
    pub const fn needs(mut self, services: &'static [&'static str]) -> Self {
        self.needs = services;
        self
    }

    /// The queues of its functions: those they consume, and those that keep what a relay could not map.
    pub fn queues(&self) -> impl Iterator<Item = &'static QueueSpec> + use<> {
        self.functions
            .iter()
            .flat_map(|function| function.definition.consumes().into_iter().chain(function.definition.failures()))
    }

    /// The topics that its relays publish to, each once.
    pub fn topics(&self) -> Vec<&'static Topic> {
        each_once(self.functions.iter().flat_map(|function| &function.publishes).map(|publishes| publishes.topic))
    }

    /// The secrets that its functions read, each once.
    pub fn secrets(&self) -> Vec<&'static Secret> {
        each_once(self.functions.iter().flat_map(|function| &function.secrets).map(|reads| reads.secret))
    }

    /// The choices that its functions read, each once.
    pub fn settings(&self) -> Vec<&'static Setting> {
        each_once(self.functions.iter().flat_map(|function| &function.settings))
    }

    /// The alarms that its functions raise, each once.
    pub fn alarms(&self) -> Vec<&'static Alarm> {
        each_once(self.functions.iter().flat_map(|function| &function.alarms))
    }
}

/// Every table of `services`, and the platform's own where a route of theirs reads it.
pub fn tables_of(services: &[&Service]) -> Vec<&'static Table> {
    let granted = services.iter().flat_map(|service| service.functions).flat_map(|function| &function.grants);
    let reads_access = granted.map(|grant| grant.table).any(|table| std::ptr::eq(table, &raw const ACCESS));
    let own = services.iter().flat_map(|service| service.tables.iter().copied());
    own.chain(reads_access.then_some(&ACCESS)).collect()
}

/// Each of `all` once, in the order in which it came first.
fn each_once<T>(all: impl Iterator<Item = &'static T>) -> Vec<&'static T> {
    let mut seen: Vec<&'static T> = Vec::new();
    for one in all {
        if !seen.iter().any(|known| std::ptr::eq(*known, one)) {
            seen.push(one);
        }
    }
    seen
}

/// Every function of `services`.
pub fn functions_of(services: &[&'static Service]) -> impl Iterator<Item = &'static Function> {
    services.iter().flat_map(|service| service.functions.iter().copied())
}
