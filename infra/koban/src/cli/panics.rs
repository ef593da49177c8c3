//! What a panic of the command line looks like: one line that says that it is a bug and where to report it. A panic ends the process
//! with exit code 101 where nothing catches it; the local cloud catches those of functions and goes on.

use super::output;
use std::panic::PanicHookInfo;
use std::process::exit;

/// How much of a panic's message is said, in characters.
const MESSAGE_MAX: usize = 500;
/// What `println!` panics with: what is printed outside of the commands' own files.
const UNPRINTED: &str = "failed printing to ";

/// Installs the hook, for the rest of the process.
pub fn install() {
    let backtrace = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = message(panic);
        if let Some(reason) = said.strip_prefix(UNPRINTED) {
            end_unprinted(reason);
        }
        let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        output::note(line(&place, &said));
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0") {
            backtrace(panic);
        }
    }));
}

fn message(panic: &PanicHookInfo<'_>) -> String {
    let said = panic.payload_as_str().unwrap_or("no message");
    said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MESSAGE_MAX).collect()
}

fn line(place: &str, said: &str) -> String {
    format!(
        "koban: this is a bug in koban, at {place}: {said}. Please report this line, with the command, as an issue of the repository that \
         this koban was built from; RUST_BACKTRACE=1 says more."
    )
}

/// Standard output cannot be written: no bug, but the end.
fn end_unprinted(reason: &str) -> ! {
    let broken_pipe = std::io::Error::from_raw_os_error(rustix::io::Errno::PIPE.raw_os_error()).to_string();
    if reason.ends_with(&broken_pipe) {
        exit(super::NOBODY_READS.into());
    }
    output::note(format!("koban: what was to be said cannot be written to {reason}"));
    exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_is_one_line_with_where_to_report_it() {
        let line = line("a.rs:7", "index out of bounds");
        assert!(!line.contains('\n') && line.contains("a bug in koban, at a.rs:7: index out of bounds. Please report"), "{line}");
    }
}
