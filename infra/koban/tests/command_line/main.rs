//! The command line as a process: its output and its end when nobody reads it, or a disk is full. Files of the data directory may be
//! damaged or missing, and arguments may make no sense. It says what is wrong on one line, and it never panics.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod arguments;
mod files;
mod prints;
mod process;
mod services;
mod simulate;
