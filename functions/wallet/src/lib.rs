//! The wallet service.
