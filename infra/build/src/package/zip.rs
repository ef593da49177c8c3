//! A zip of one file that is the same for the same bytes: no time, no owner, one way of compressing.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Which bytes [`of_bootstrap`] makes: one more with each change of them, here or in the crates that it uses. A binary that was zipped by
/// another is zipped again.
pub const FORMAT: u32 = 1;

/// The zip that Lambda runs: the binary as an executable named `bootstrap`.
pub fn of_bootstrap(binary: &[u8]) -> Result<Vec<u8>, String> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // 9 takes more than twice as long for four percent less.
        .compression_level(Some(6))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(binary.len() / 2)));
    zip.start_file("bootstrap", options).map_err(|error| error.to_string())?;
    zip.write_all(binary).map_err(|error| error.to_string())?;
    Ok(zip.finish().map_err(|error| error.to_string())?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_same_bytes_make_the_same_zip() {
        let binary: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        let zip = of_bootstrap(&binary).unwrap();
        assert_eq!(zip, of_bootstrap(&binary).unwrap());
        let told = "other bytes than before: raise FORMAT, then put the new hash here";
        assert_eq!(crate::package::sha256(&zip), "FRy3EqGQN3f/uxF2/d7qn/wDWV3RE+ei6aM2BWKI6WE=", "{told}");
        let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        let mut read = Vec::new();
        file.read_to_end(&mut read).unwrap();
        assert_eq!(read, binary);
    }
}
