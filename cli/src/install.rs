//! Where binaries go, and how they get there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::files::folder;

/// The path of each service's binary. An impossible path is refused before anything is compiled.
pub(crate) fn places(asked: Option<&Path>, services: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    if let ([_], Some(binary)) = (services, asked) {
        return free(binary.to_path_buf(), "a file with -o BIN").map(|binary| vec![binary]);
    }
    let folder = asked.unwrap_or(Path::new(""));
    if folder.exists() && !folder.is_dir() {
        let path = folder.display();
        return Err(Failure::Usage(format!(
            "{path} is not a folder; several binaries need one: name it with -o FOLDER"
        )));
    }
    let remedy =
        if services.len() > 1 { "another folder with -o FOLDER" } else { "a file with -o BIN" };
    services.iter().map(|service| free(folder.join(service), remedy)).collect()
}

/// The path, if a file can have it.
fn free(binary: PathBuf, remedy: &str) -> Result<PathBuf, Failure> {
    match binary.is_dir() {
        true => {
            let path = binary.display();
            Err(Failure::Usage(format!("{path} is a folder; name {remedy}")))
        }
        false => Ok(binary),
    }
}

/// Puts a binary in place at once: a proxy that runs keeps the file it was started from.
pub(crate) fn install(built: &Path, binary: &Path) -> Result<(), Failure> {
    let folder = folder(binary);
    fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, &error))?;
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    fs::copy(built, &fresh)
        .and_then(|_| fs::rename(&fresh, binary))
        .map_err(|error| Failure::unwritable(binary, &error))
}
