//! The racing service.
