//! Files of a data directory: those that only their owner may read, and how one that cannot be used is named.

use std::fmt::Display;
use std::io::{Error, ErrorKind, Write};
use std::path::Path;

/// The text of `file`, which is made by `create` when it is missing. A crash leaves no half of one.
pub fn read_or_create(file: &Path, create: impl FnOnce() -> String) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read.map_err(named(file)),
    }
    let text = create();
    let next = file.with_extension("next");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&next).and_then(|mut next| next.write_all(text.as_bytes())).map_err(named(&next))?;
    std::fs::rename(next, file).map_err(named(file))?;
    Ok(text)
}

/// The same error, with the file that it is about.
pub fn named(file: &Path) -> impl Fn(Error) -> Error {
    move |error| Error::new(error.kind(), format!("{}: {error}", file.display()))
}

/// The error of a file whose `bytes` do not say what they should, with what to do.
pub fn damaged(file: &Path, bytes: &[u8], reason: impl Display, next: &str) -> Error {
    let file = file.display();
    let what = if bytes.trim_ascii().is_empty() { "is empty".to_owned() } else { format!("is damaged ({reason})") };
    Error::new(ErrorKind::InvalidData, format!("{file} {what}: {next}"))
}
