//! Who decides over the faults of calls: chance in a simulation, a plan in the crash matrix.

use super::fault::{Fault, Rates};
use fastrand::Rng;
use std::sync::{Arc, Mutex, PoisonError};

/// A call of an AWS service by a function, as a fault may strike it.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: &'static str,
    /// Counts the invocations of the whole simulation.
    pub invocation: u64,
    /// The number of this call in its invocation, from 0. The SDK's further attempts have the same number.
    pub number: u32,
    /// `dynamodb`
    pub service: &'static str,
    /// `TransactWriteItems`
    pub operation: String,
    /// How many items a transaction has; 0 of another call.
    pub items: usize,
}

impl Call {
    /// Whether such a fault can strike such a call.
    pub fn admits(&self, fault: Fault) -> bool {
        match fault {
            Fault::Conflict | Fault::InProgress | Fault::TokenReused => self.items > 0,
            _ => true,
        }
    }
}

/// Decides over the faults of calls.
pub trait Injector: Send + Sync {
    fn fault(&self, call: &Call) -> Option<Fault>;
}

/// By chance.
pub struct ByChance {
    rates: Rates,
    rng: Mutex<Rng>,
}

impl ByChance {
    pub fn new(rates: Rates, rng: Rng) -> Self {
        Self { rates, rng: rng.into() }
    }
}

impl Injector for ByChance {
    fn fault(&self, call: &Call) -> Option<Fault> {
        let drawn = self.rates.of_call(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner));
        drawn.filter(|fault| call.admits(*fault))
    }
}

/// Every attempt at one call of one invocation. Notes all calls that it sees.
pub struct Planned {
    /// The call and its fault: the function, its how-many-th invocation, the call's number.
    cell: Option<(Place, Fault)>,
    seen: Mutex<Seen>,
}

/// Where a fault strikes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub function: &'static str,
    /// How many invocations of this function came before.
    pub invocation: usize,
    pub call: u32,
}

#[derive(Default)]
struct Seen {
    /// The invocations of each function, in order.
    invocations: Vec<(&'static str, u64)>,
    calls: Vec<(Place, Call)>,
    struck: u32,
}

impl Planned {
    pub fn new(cell: Option<(Place, Fault)>) -> Arc<Self> {
        Arc::new(Self { cell, seen: Mutex::default() })
    }

    /// Every call that was seen, once each.
    pub fn calls(&self) -> Vec<(Place, Call)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }

    /// How often the fault struck.
    pub fn struck(&self) -> u32 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).struck
    }
}

impl Injector for Planned {
    fn fault(&self, call: &Call) -> Option<Fault> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (call.function, call.invocation);
        if !seen.invocations.contains(&own) {
            seen.invocations.push(own);
        }
        let of_function = seen.invocations.iter().filter(|(function, _)| *function == call.function);
        let invocation = of_function.take_while(|known| **known != own).count();
        let place = Place { function: call.function, invocation, call: call.number };
        if !seen.calls.iter().any(|(known, _)| *known == place) {
            seen.calls.push((place.clone(), call.clone()));
        }
        let (planned, fault) = self.cell.as_ref()?;
        if *planned != place || !call.admits(*fault) {
            return None;
        }
        seen.struck += 1;
        Some(*fault)
    }
}
