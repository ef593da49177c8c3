//! What AWS would charge: one formula and one dated price list hold every change in one place. Koban measures write and read units, calls
//! and invocations. Memory comes from the definitions. Only AWS could measure the rest, so it is assumed, under a name of its own. Each
//! service's part of the demo says what its work uses.

use platform::Function;

/// List prices of us-east-1, on demand, without free tiers and discounts, as of November 2026; USD per million unless named otherwise.
/// <https://aws.amazon.com/pricing>
mod price {
    pub const DYNAMODB_WRITE_UNIT: f64 = 0.625;
    pub const DYNAMODB_READ_UNIT: f64 = 0.125;
    pub const HTTP_API_REQUEST: f64 = 1.00;
    pub const LAMBDA_REQUEST: f64 = 0.20;
    /// x86-64; Graviton is a fifth cheaper (13.3334).
    pub const LAMBDA_GB_SECOND: f64 = 16.6667;
    pub const SQS_REQUEST: f64 = 0.40;
    /// Per 64 KB published; deliveries to SQS are free.
    pub const SNS_PUBLISH: f64 = 0.50;
    /// CloudWatch Logs, per million bytes (0.50 per GB).
    pub const LOG_BYTE: f64 = 0.50 / 1_000.0;
}

/// What AWS alone could measure, from its published latencies. All of them on the dear side.
pub mod assumed {
    /// A warm invocation beside its calls.
    pub const INVOCATION_MS: f64 = 2.0;
    /// One DynamoDB call out of Lambda, transactions included.
    pub const CALL_MS: f64 = 6.0;
    /// A worker of a batch has this many calls in flight.
    pub const CALLS_AT_ONCE: f64 = 8.0;
    /// Records of a stream that one invocation of a relay takes under load, and its time for each.
    pub const RELAY_BATCH: f64 = 50.0;
    pub const RELAY_RECORD_MS: f64 = 0.5;
    /// Events of one publish of at most 64 KB.
    pub const EVENTS_PER_PUBLISH: f64 = 10.0;
    /// The one log line of an invocation.
    pub const LOG_LINE_BYTES: f64 = 700.0;
    /// Send, receive, delete.
    pub const REQUESTS_PER_MESSAGE: f64 = 3.0;
}

/// What one piece of work uses.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    pub api_requests: f64,
    pub invocations: f64,
    pub gb_seconds: f64,
    pub write_units: f64,
    pub read_units: f64,
    pub publishes: f64,
    pub queue_requests: f64,
    pub log_bytes: f64,
}

/// What is paid to one AWS service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    pub service: &'static str,
    pub usd: f64,
}

/// USD for that many read units.
pub fn usd_of_read_units(read_units: f64) -> f64 {
    total(&per_million(Usage { read_units, ..Usage::default() })) / 1_000_000.0
}

/// What it takes `relay` to make events of `records` changes. DynamoDB does not charge Lambda for reading a stream.
pub fn relayed(records: f64, relay: &Function) -> Usage {
    let invocations = records / assumed::RELAY_BATCH;
    let milliseconds = records * assumed::RELAY_RECORD_MS + invocations * assumed::INVOCATION_MS;
    Usage {
        invocations,
        gb_seconds: gb_seconds(relay, milliseconds),
        publishes: records / assumed::EVENTS_PER_PUBLISH,
        log_bytes: invocations * assumed::LOG_LINE_BYTES,
        ..Usage::default()
    }
}

/// What `function` is charged for running so long.
pub fn gb_seconds(function: &Function, milliseconds: f64) -> f64 {
    milliseconds / 1_000.0 * f64::from(function.memory_mb) / 1_024.0
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            api_requests: self.api_requests + other.api_requests,
            invocations: self.invocations + other.invocations,
            gb_seconds: self.gb_seconds + other.gb_seconds,
            write_units: self.write_units + other.write_units,
            read_units: self.read_units + other.read_units,
            publishes: self.publishes + other.publishes,
            queue_requests: self.queue_requests + other.queue_requests,
            log_bytes: self.log_bytes + other.log_bytes,
        }
    }
}

/// The formula: USD for a million times `usage`, service by service.
pub fn per_million(usage: Usage) -> [Part; 7] {
    [
        ("DynamoDB writes", usage.write_units * price::DYNAMODB_WRITE_UNIT),
        ("DynamoDB reads", usage.read_units * price::DYNAMODB_READ_UNIT),
        ("API Gateway", usage.api_requests * price::HTTP_API_REQUEST),
        ("Lambda", usage.invocations * price::LAMBDA_REQUEST + usage.gb_seconds * price::LAMBDA_GB_SECOND),
        ("CloudWatch Logs", usage.log_bytes * price::LOG_BYTE),
        ("SNS", usage.publishes * price::SNS_PUBLISH),
        ("SQS", usage.queue_requests * price::SQS_REQUEST),
    ]
    .map(|(service, usd)| Part { service, usd })
}

/// All parts together.
pub fn total(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.usd).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd_per_million(usage: Usage) -> f64 {
        total(&per_million(usage))
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 0.000_1, "{found} instead of {expected}");
    }

    #[test]
    fn the_formula_is_units_times_prices() {
        assert_near(usd_per_million(Usage::default()), 0.0);
        assert_near(usd_per_million(Usage { write_units: 5.0, read_units: 1.5, ..Usage::default() }), 3.125 + 0.187_5);
        assert_near(usd_per_million(Usage { api_requests: 1.0, invocations: 1.0, ..Usage::default() }), 1.2);
        assert_near(usd_per_million(Usage { queue_requests: 3.0, publishes: 1.0, ..Usage::default() }), 1.7);
        assert_near(usd_per_million(Usage { gb_seconds: 0.06, log_bytes: 1_000.0, ..Usage::default() }), 1.5);
    }

    #[test]
    fn reading_a_gigabyte_consistently_costs_pennies() {
        assert_near(usd_of_read_units(250_000.0), 0.031_25);
    }
}
