//! The ops service.
