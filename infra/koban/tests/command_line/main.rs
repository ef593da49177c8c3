//! The command line as a process: what it says, and how it ends, when nobody reads it, when disks are full, when files of the data
//! directory are damaged or gone, and when its arguments make no sense. It says what is wrong on one line, and it never panics.

// Tests to the linter as well: a helper may unwrap.
#![cfg(test)]

mod arguments;
mod files;
mod prints;
mod process;
mod services;
