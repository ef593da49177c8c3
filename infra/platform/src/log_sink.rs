//! Where log lines go.

/// Where log lines go: standard output on Lambda, a file on a laptop.
pub trait LogSink: Send + Sync {
    fn line(&self, line: String);
}

/// Standard output, which Lambda sends to the function's log group.
#[derive(Debug)]
pub struct StandardOutput;

impl LogSink for StandardOutput {
    fn line(&self, line: String) {
        use std::io::Write;
        // A log line that cannot be written has nowhere else to go.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}
