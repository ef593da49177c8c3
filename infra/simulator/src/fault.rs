//! What goes wrong, and how often. Each seed draws its own rates: some faults never happen in it, others all the time (swarm testing).

use fastrand::Rng;
use serde::Serialize;
use std::collections::BTreeMap;

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A call to AWS is lost before it has an effect.
    LostBefore,
    /// The reply to a call is lost after the effect.
    LostAfter,
    /// A call has its effect long after its caller has given it up.
    LateEffect,
    /// AWS throttles a call.
    Throttled,
    /// AWS fails, without an effect.
    Internal,
    /// Another transaction holds an item.
    Conflict,
    /// A transaction of the same token is still under way.
    InProgress,
    /// The token was used with other parameters.
    TokenReused,
    /// A reply comes later than the function may wait.
    Slow,
    /// The function is killed before a call.
    KilledBefore,
    /// The function is killed after a call, before it sees the reply.
    KilledAfter,
    /// The reply of the API does not reach the client.
    ReplyLost,
    /// A message is delivered twice.
    Duplicated,
    /// A message comes minutes later, and so behind others.
    Late,
    /// A message comes days later.
    VeryLate,
    /// Handled messages are not deleted: the whole batch comes again.
    Redelivered,
    /// Messages become visible again while the function still handles them.
    VisibleEarly,
    /// A stream's changes come late.
    StreamLate,
    /// A stream's changes come in smaller batches, items of one transaction out of order.
    StreamShuffled,
    /// A function's clock is off by up to five minutes.
    ClockOff,
    /// The whole process is killed and started again.
    Restarted,
}

impl Fault {
    pub const ALL: [Self; 21] = [
        Self::LostBefore,
        Self::LostAfter,
        Self::LateEffect,
        Self::Throttled,
        Self::Internal,
        Self::Conflict,
        Self::InProgress,
        Self::TokenReused,
        Self::Slow,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::ReplyLost,
        Self::Duplicated,
        Self::Late,
        Self::VeryLate,
        Self::Redelivered,
        Self::VisibleEarly,
        Self::StreamLate,
        Self::StreamShuffled,
        Self::ClockOff,
        Self::Restarted,
    ];

    /// Those of a call, which a drawn number decides on before the call.
    pub const OF_CALLS: [Self; 11] = [
        Self::LostBefore,
        Self::LostAfter,
        Self::LateEffect,
        Self::Throttled,
        Self::Internal,
        Self::Conflict,
        Self::InProgress,
        Self::TokenReused,
        Self::Slow,
        Self::KilledBefore,
        Self::KilledAfter,
    ];

    /// As the command line names it: `lost_before`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// The most of ten thousand occasions on which it happens in any seed.
    const fn rate_max(self) -> u16 {
        match self {
            Self::LostBefore | Self::LostAfter | Self::Throttled | Self::Conflict | Self::ReplyLost => 800,
            Self::Internal | Self::KilledBefore | Self::KilledAfter | Self::Slow => 300,
            Self::InProgress | Self::TokenReused | Self::VeryLate | Self::LateEffect => 100,
            // Of restarts, at each look, which are minutes apart.
            Self::Duplicated | Self::Late | Self::Redelivered | Self::VisibleEarly | Self::Restarted => 2_000,
            Self::StreamLate | Self::StreamShuffled | Self::ClockOff => 4_000,
        }
    }
}

/// How often each fault happens, of ten thousand occasions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates(BTreeMap<Fault, u16>);

impl Rates {
    /// The rates of a seed: a half of the faults does not happen; the others happen often or seldom. At least one of a call does.
    pub fn draw(rng: &mut Rng) -> Self {
        let rate = |rng: &mut Rng, fault: Fault| {
            let max = fault.rate_max();
            let rate = max >> rng.u16(..4);
            (fault, if rng.bool() { rng.u16(1..=rate.max(1)) } else { 0 })
        };
        let mut rates: BTreeMap<_, _> = Fault::ALL.into_iter().map(|fault| rate(rng, fault)).collect();
        let often = [Fault::LostBefore, Fault::LostAfter, Fault::Throttled][rng.usize(..3)];
        rates.insert(often, rng.u16(400..=often.rate_max()));
        Self(rates)
    }

    #[must_use]
    pub fn without(mut self, faults: &[Fault]) -> Self {
        self.0.retain(|fault, _| !faults.contains(fault));
        self
    }

    pub fn of(&self, fault: Fault) -> u16 {
        self.0.get(&fault).copied().unwrap_or(0)
    }

    /// Whether it happens on this occasion.
    pub fn strikes(&self, fault: Fault, rng: &mut Rng) -> bool {
        let rate = self.of(fault);
        rate > 0 && rng.u16(..10_000) < rate
    }

    /// The fault of a call, if it has one.
    pub fn of_call(&self, rng: &mut Rng) -> Option<Fault> {
        let mut drawn = rng.u16(..10_000);
        for fault in Fault::OF_CALLS {
            match drawn.checked_sub(self.of(fault)) {
                Some(left) => drawn = left,
                None => return Some(fault),
            }
        }
        None
    }
}
