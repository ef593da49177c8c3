//! The files that are to be written, all of them or none. A new file never overwrites an existing one. When a write fails, the writes
//! before it are undone.

use super::ScaffoldError;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Everything that one `koban new` writes.
#[derive(Debug)]
pub struct Plan {
    root: PathBuf,
    files: Vec<File>,
}

/// A file that is to be written.
#[derive(Debug)]
pub struct File {
    /// Below the root.
    pub path: PathBuf,
    /// What is there now; none for a new file.
    pub before: Option<String>,
    pub text: String,
}

impl Plan {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), files: Vec::new() }
    }

    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// A new file.
    pub fn create(&mut self, path: impl Into<PathBuf>, text: String) -> Result<(), ScaffoldError> {
        let path = path.into();
        if self.root.join(&path).exists() {
            return Err(ScaffoldError::Exists(path));
        }
        self.files.push(File { path, before: None, text });
        Ok(())
    }

    /// A change of a file. What `change` could not find is its error.
    pub fn edit(
        &mut self,
        path: impl Into<PathBuf>,
        change: impl Fn(&str) -> Result<String, String>,
    ) -> Result<(), ScaffoldError> {
        let path = path.into();
        let text = self.text(&path)?;
        let changed = change(&text).map_err(|anchor| ScaffoldError::Anchor { path: path.clone(), anchor })?;
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.text = changed,
            None => self.files.push(File { path, before: Some(text), text: changed }),
        }
        Ok(())
    }

    /// Whether something is at `path` now.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// A file as it will be, or as it is.
    pub fn text(&self, path: &Path) -> Result<String, ScaffoldError> {
        match self.files.iter().find(|file| file.path == path) {
            Some(file) => Ok(file.text.clone()),
            None => std::fs::read_to_string(self.root.join(path)).map_err(io("reading", path)),
        }
    }

    /// Leaves the line breaks of long names to rustfmt.
    pub fn format(&mut self) -> Result<(), ScaffoldError> {
        let root = &self.root;
        for file in self.files.iter_mut().filter(|file| file.path.extension().is_some_and(|extension| extension == "rs")) {
            let fault = |why: String| ScaffoldError::Format { path: file.path.clone(), why };
            file.text = formatted(root, &file.text).map_err(fault)?;
        }
        Ok(())
    }

    /// Writes all files, or none.
    pub fn write(&self) -> Result<(), ScaffoldError> {
        for (index, file) in self.files.iter().enumerate() {
            if let Err(error) = self.write_one(file) {
                self.take_back(&self.files[..=index]);
                return Err(error);
            }
        }
        Ok(())
    }

    fn write_one(&self, file: &File) -> Result<(), ScaffoldError> {
        let path = self.root.join(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io("making the folder of", &file.path))?;
        }
        std::fs::write(&path, &file.text).map_err(io("writing", &file.path))
    }

    /// As far as possible: the caller reports the error that led here.
    fn take_back(&self, written: &[File]) {
        for file in written {
            let path = self.root.join(&file.path);
            let _ = match &file.before {
                Some(text) => std::fs::write(path, text),
                None => std::fs::remove_file(path),
            };
        }
    }
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ScaffoldError {
    let path = path.to_owned();
    move |source| ScaffoldError::Io { what, path, source }
}

/// `text` as rustfmt writes it with the settings of the repository at `root`.
fn formatted(root: &Path, text: &str) -> Result<String, String> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--config-path"]).arg(root).current_dir(root);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
