//! Where the check keeps its files: `target/deploy-check`, which each run makes again, except for the emulator's installation.

use super::error::CheckError;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Directories and logs of one run.
#[derive(Debug)]
pub struct Workplace {
    /// The repository.
    pub root: PathBuf,
    directory: PathBuf,
    /// Held as long as the run lasts.
    _lock: File,
}

impl Workplace {
    /// Clears away what the run before left.
    pub fn new(root: &Path) -> Result<Self, CheckError> {
        let root = root.canonicalize().map_err(CheckError::io("the repository"))?;
        let directory = root.join("target/deploy-check");
        let lock = lock(&directory)?;
        let workplace = Self { root, directory, _lock: lock };
        for directory in [workplace.terraform(), workplace.issuer(), workplace.temporary(), workplace.again()] {
            if directory.exists() {
                std::fs::remove_dir_all(&directory).map_err(CheckError::io(directory.display()))?;
            }
            std::fs::create_dir_all(&directory).map_err(CheckError::io(directory.display()))?;
        }
        for log in LOGS {
            let log = workplace.log(log);
            std::fs::write(&log, "").map_err(CheckError::io(log.display()))?;
        }
        Ok(workplace)
    }

    /// The emulator's Python environment.
    pub fn environment(&self) -> PathBuf {
        self.directory.join("venv")
    }

    /// The copy of `terraform/` that is applied, and its state.
    pub fn terraform(&self) -> PathBuf {
        self.directory.join("terraform")
    }

    /// The development issuer's key.
    pub fn issuer(&self) -> PathBuf {
        self.directory.join("issuer")
    }

    /// A copy of the sources, and what comes of it.
    pub fn again(&self) -> PathBuf {
        self.directory.join("again")
    }

    /// What the emulator unpacks.
    pub fn temporary(&self) -> PathBuf {
        self.directory.join("tmp")
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }
}

/// Copies a directory without the entries, at any depth, whose names are left out.
pub fn copy(from: &Path, to: &Path, is_left_out: &dyn Fn(&str) -> bool) -> Result<(), CheckError> {
    std::fs::create_dir_all(to).map_err(CheckError::io(to.display()))?;
    for entry in std::fs::read_dir(from).map_err(CheckError::io(from.display()))? {
        let entry = entry.map_err(CheckError::io(from.display()))?;
        let (name, path) = (entry.file_name(), entry.path());
        if is_left_out(&name.to_string_lossy()) {
            continue;
        }
        let copied = to.join(&name);
        if path.is_dir() {
            copy(&path, &copied, is_left_out)?;
        } else {
            std::fs::copy(&path, &copied).map_err(CheckError::io(path.display()))?;
        }
    }
    Ok(())
}

/// One run at a time; the operating system lets go of the lock when the process ends, however it ends.
fn lock(directory: &Path) -> Result<File, CheckError> {
    std::fs::create_dir_all(directory).map_err(CheckError::io(directory.display()))?;
    let lock = File::create(directory.join("lock")).map_err(CheckError::io(directory.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CheckError::Found("another deploy-check runs here: wait until it has ended".into())),
        Err(TryLockError::Error(error)) => Err(CheckError::io(directory.display())(error)),
    }
}

const LOGS: [&str; 6] = ["build", "pip", "emulator", "terraform", "suite", "operations"];
