//! What tests and benchmarks share.

#![expect(clippy::panic, reason = "a test or benchmark that gets no reply says so and fails")]

pub mod http;
