//! Files as commands leave them behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder that a file is in.
pub(crate) fn folder(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_path_buf()
}

/// Writes the text unless the file holds it already, so that nothing is built again.
pub(crate) fn write_changed(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| Failure::unwritable(path, &error))
}
