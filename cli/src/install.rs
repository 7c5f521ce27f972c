//! Where binaries go, and how they get there.

use std::fs;
use std::io::Read as _;
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

/// The path, if a binary can have it: nothing is there, or an older binary. Anything else, such as the
/// policy itself, is somebody's.
fn free(binary: PathBuf, remedy: &str) -> Result<PathBuf, Failure> {
    let path = binary.display();
    let refused = |what: &str| Failure::Usage(format!("{path} {what}; name {remedy}"));
    match fs::symlink_metadata(&binary) {
        Err(_) => Ok(binary),
        Ok(there) if there.is_dir() => Err(refused("is a folder")),
        Ok(there) if there.is_symlink() => Err(refused("is a link")),
        Ok(there) if !there.is_file() => Err(refused("is no regular file")),
        Ok(there) if there.len() > 0 && !is_program(&binary) => Err(refused("is no program")),
        Ok(_) => Ok(binary),
    }
}

/// Does it begin like an executable of Linux?
fn is_program(path: &Path) -> bool {
    let mut start = [0; 4];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"\x7fELF"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("order.amb"), "edition 2026\n").unwrap();
        fs::write(at("empty"), "").unwrap();
        fs::write(at("old"), b"\x7fELF\x02").unwrap();
        std::os::unix::fs::symlink("old", at("link")).unwrap();
        let place = |path: &Path| places(Some(path), &["order"]).is_ok();
        for (name, is_free) in
            [("new", true), ("empty", true), ("old", true), ("order.amb", false), ("link", false)]
        {
            assert_eq!(place(&at(name)), is_free, "{name}");
        }
        assert!(!place(Path::new("/dev/null")));
        assert!(!place(folder.path()));
    }
}
