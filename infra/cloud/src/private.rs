//! Files that only their owner may read.

use std::io::{ErrorKind, Write};
use std::path::Path;

/// The text of `file`, which is made by `create` when it is missing. A crash leaves no half of one.
pub fn read_or_create(file: &Path, create: impl FnOnce() -> String) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let text = create();
    let next = file.with_extension("next");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&next)?.write_all(text.as_bytes())?;
    std::fs::rename(next, file)?;
    Ok(text)
}
