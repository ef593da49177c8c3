//! `koban`: the command line of Koban. Everything is in the library; the allocator is chosen here, because a library must not.

use std::process::ExitCode;

// 8-30 % more transactions a second than with glibc's (docs/decisions).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    koban::cli::run()
}
