//! What AWS would charge for a slip and for a paid person, by the price list of the demo.

use demo::Used;
use demo::cost::{Part, Usage, assumed, gb_seconds, per_million, relayed, total};

/// The measured part of a slip, on average: `Server-Timing` of its reply. The write units hold the slip, the line and the index entry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlipUnits {
    pub write_units: f64,
    pub read_units: f64,
    pub calls: f64,
}

/// The measured part of a paid person, on average: all that settle-race, settle-shard and certify-race used, divided by the people paid.
/// So it includes the shares of shards and races.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaidUnits {
    pub write_units: f64,
    pub read_units: f64,
    pub calls: f64,
    pub invocations: f64,
}

impl PaidUnits {
    /// All that settlement used, for each of `paid` people, the shards' and the races' shares included.
    pub fn of(used: Used, paid: f64) -> Self {
        Self {
            write_units: used.write_units / paid,
            read_units: used.read_units / paid,
            calls: used.calls / paid,
            invocations: used.invocations / paid,
        }
    }
}

/// USD for a million slips.
pub fn usd_per_million_slips(units: SlipUnits) -> f64 {
    total(&parts_of_million_slips(units))
}

/// USD for a million paid people.
pub fn usd_per_million_paid_users(units: PaidUnits) -> f64 {
    total(&parts_of_million_paid_users(units))
}

/// What a million slips cost, service by service: API, function, table with index, streams' relay, publishes, logs.
pub fn parts_of_million_slips(units: SlipUnits) -> [Part; 7] {
    let SlipUnits { write_units, read_units, calls } = units;
    let own = Usage {
        api_requests: 1.0,
        invocations: 1.0,
        gb_seconds: gb_seconds(&racing::place_slip::FUNCTION, assumed::INVOCATION_MS + calls * assumed::CALL_MS),
        write_units,
        read_units,
        log_bytes: assumed::LOG_LINE_BYTES,
        ..Usage::default()
    };
    // The slip and the wallet's line.
    per_million(own.plus(relayed(2.0, &racing::relay_racing::FUNCTION)))
}

/// What a million paid people cost, service by service: the settlement functions, their queues and tables, the streams' relay,
/// publishes, logs.
pub fn parts_of_million_paid_users(units: PaidUnits) -> [Part; 7] {
    let PaidUnits { write_units, read_units, calls, invocations } = units;
    let milliseconds = invocations * assumed::INVOCATION_MS + calls * assumed::CALL_MS / assumed::CALLS_AT_ONCE;
    let own = Usage {
        invocations,
        // It has as much memory as certify-race and more than settle-race.
        gb_seconds: gb_seconds(&racing::settle_shard::FUNCTION, milliseconds),
        write_units,
        read_units,
        queue_requests: invocations * assumed::REQUESTS_PER_MESSAGE,
        log_bytes: invocations * assumed::LOG_LINE_BYTES,
        ..Usage::default()
    };
    // The payout and the wallet's line.
    per_million(own.plus(relayed(2.0, &racing::relay_racing::FUNCTION)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.000_1, "{found} instead of {expected}");
    }

    #[test]
    fn a_paid_persons_units_are_a_share_of_all() {
        let used = Used { invocations: 3.0, write_units: 12.0, read_units: 4.5, calls: 6.0 };
        let share = PaidUnits { invocations: 1.5, write_units: 6.0, read_units: 2.25, calls: 3.0 };
        assert_eq!(PaidUnits::of(used, 2.0), share);
    }

    #[test]
    fn a_slip_holds_everything_it_causes() {
        // API 1.00; Lambda 0.20 + 20 ms x 0.5 GB = 0.166667; units 3.3125; logs 0.35. Relay: 0.04 of an invocation (0.008 + 0.014 of logs),
        // 1.08 ms (0.0045), a fifth of a publish (0.10).
        let slip = SlipUnits { write_units: 5.0, read_units: 1.5, calls: 3.0 };
        assert_near(usd_per_million_slips(slip), 1.2 + 0.166_667 + 3.312_5 + 0.35 + 0.022 + 0.004_5 + 0.1);
    }

    #[test]
    fn a_paid_person_costs_less_when_more_share_an_invocation() {
        let alone = PaidUnits { write_units: 4.0, read_units: 1.0, calls: 2.0, invocations: 1.0 };
        let shared = PaidUnits { invocations: 0.01, ..alone };
        assert!(usd_per_million_paid_users(shared) < usd_per_million_paid_users(alone));
        assert_near(total(&per_million(relayed(2.0, &racing::relay_racing::FUNCTION))), 0.126_5);
    }
}
