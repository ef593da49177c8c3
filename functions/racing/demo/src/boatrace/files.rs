//! Finds and reads the files: one file, or a directory with them anywhere below `programs/` and `results/`. The layout is that of the API's
//! own URLs, or flat.

use super::wire::File;
use super::{BoatraceError, announcement, result};
use racing_domain::{Announcement, RaceId, RaceResult};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `programs/v2/2025/20251226.json` is three folders deep.
const DEPTH_MAX: u32 = 4;

/// What the files say, in the order of race ids.
#[derive(Debug, Default)]
pub struct Days {
    pub programs: BTreeMap<RaceId, Announcement>,
    pub results: BTreeMap<RaceId, RaceResult>,
}

/// Reads a file, or every file of a directory.
pub fn read(path: &Path) -> Result<Days, BoatraceError> {
    let mut found = Vec::new();
    if path.is_dir() {
        collect(path, DEPTH_MAX, &mut found)?;
    } else {
        found.push(path.to_owned());
    }
    if found.is_empty() {
        return Err(BoatraceError::Nothing { path: path.to_owned() });
    }
    found.sort_unstable();
    let mut days = Days::default();
    for file in found {
        days.read_file(&file)?;
    }
    Ok(days)
}

fn collect(directory: &Path, depth: u32, found: &mut Vec<PathBuf>) -> Result<(), BoatraceError> {
    let unreadable = |source| BoatraceError::Unreadable { path: directory.to_owned(), source };
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, found)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(())
}

impl Days {
    fn read_file(&mut self, path: &Path) -> Result<(), BoatraceError> {
        let bytes = std::fs::read(path).map_err(|source| BoatraceError::Unreadable { path: path.to_owned(), source })?;
        let malformed = |reason| BoatraceError::Malformed { path: path.to_owned(), reason };
        let File { programs, results } = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if programs.is_none() && results.is_none() {
            return Err(malformed("it has neither `programs` nor `results`".into()));
        }
        for program in programs.unwrap_or_default() {
            let (id, announcement) = announcement(&program).map_err(malformed)?;
            self.programs.insert(id, announcement);
        }
        for page in results.unwrap_or_default() {
            let (id, result) = result(&page).map_err(malformed)?;
            self.results.insert(id, result);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_read_whole() {
        let directory = tempfile::tempdir().unwrap();
        let results = directory.path().join("results/v2/2025");
        std::fs::create_dir_all(&results).unwrap();
        let page = r#"{"results":[{"race_date":"2025-12-26","race_stadium_number":3,"race_number":1,"boats":[],"payouts":{}}]}"#;
        std::fs::write(results.join("20251226.json"), page).unwrap();
        std::fs::write(directory.path().join("README.md"), "not data").unwrap();
        let days = read(directory.path()).unwrap();
        assert_eq!((days.programs.len(), days.results.len()), (0, 1));
    }

    #[test]
    fn what_is_not_there_or_no_such_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(read(directory.path()), Err(BoatraceError::Nothing { .. })));
        assert!(matches!(read(&directory.path().join("none.json")), Err(BoatraceError::Unreadable { .. })));
        let other = directory.path().join("other.json");
        std::fs::write(&other, "{}").unwrap();
        assert!(matches!(read(&other), Err(BoatraceError::Malformed { .. })));
    }
}
