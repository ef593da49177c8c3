//! What commands print. `println!` panics when nobody reads standard output any more and when its disk is full; these do not. A reader
//! that has gone ends the command quietly, as the signal for it ends other programs.

use super::CliError;
use std::fmt::Display;
use std::io::{Error, ErrorKind, Write};

/// How much of an argument an error repeats, in characters.
const SHOWN_MAX: usize = 60;

/// Prints a line on standard output.
///
/// # Errors
/// When it cannot be written: the command's result is lost, so the command has failed.
pub(super) fn print(line: impl Display) -> Result<(), CliError> {
    write(&mut std::io::stdout().lock(), line).map_err(failed)
}

/// Prints a line on standard error. Where that is closed, there is nobody left to hear why.
pub(super) fn note(line: impl Display) {
    let _ = write(&mut std::io::stderr().lock(), line);
}

fn write(to: &mut impl Write, line: impl Display) -> std::io::Result<()> {
    // In one piece: standard error has no buffer.
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

/// Why standard output was not written.
pub(super) fn failed(error: Error) -> CliError {
    match error.kind() {
        ErrorKind::BrokenPipe => CliError::NobodyReads,
        _ => CliError::Output(error),
    }
}

/// What somebody typed, in quotes and on one line, however long it is.
pub(super) fn shown(typed: &str) -> String {
    let mut start: String = typed.chars().take(SHOWN_MAX).collect();
    if start.len() < typed.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_error_to_speak_of() {
        assert!(matches!(failed(ErrorKind::BrokenPipe.into()), CliError::NobodyReads));
        assert!(matches!(failed(ErrorKind::StorageFull.into()), CliError::Output(_)));
    }

    #[test]
    fn what_was_typed_is_shown_on_one_short_line() {
        assert_eq!(shown(""), "\"\"");
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
        assert!(shown(&"é".repeat(100_000)).chars().count() <= SHOWN_MAX + 3);
    }
}
