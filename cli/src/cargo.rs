//! Runs cargo, and where amb's own sources are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::failure::Failure;

/// The checkout that amb was built from; it may be gone by now.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The folder of a crate of this workspace: as asked for, or in the checkout amb was built from.
pub(crate) fn source(asked: Option<&Path>, name: &str) -> Result<PathBuf, Failure> {
    let folder = match asked {
        Some(runtime) if name == "runtime" => runtime.to_path_buf(),
        Some(runtime) => runtime.join("..").join(name),
        None => Path::new(CHECKOUT).join(name),
    };
    let manifest = folder.join("Cargo.toml");
    match folder.canonicalize() {
        Ok(folder) if manifest.is_file() => Ok(folder),
        _ => Err(Failure::Stopped(format!(
            "{} is not there; name the source of amb-runtime with --runtime FOLDER",
            manifest.display()
        ))),
    }
}

/// Gives a folder the versions that amb is tested with, if they are known.
pub(crate) fn copy_lock(runtime: &Path, folder: &Path) -> Result<(), Failure> {
    let (tested, own) = (runtime.join("../Cargo.lock"), folder.join("Cargo.lock"));
    match tested.is_file() {
        true => {
            std::fs::copy(tested, &own).map(drop).map_err(|error| Failure::unwritable(&own, &error))
        }
        false => Ok(()),
    }
}

/// Where cargo keeps what it built, shared by all policies: the runtime is compiled once.
pub(crate) fn target_folder(runtime: &Path) -> Result<PathBuf, Failure> {
    let asked = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
    let folder = asked.map_or_else(|| runtime.join("../target"), PathBuf::from);
    // Cargo itself would say no more than that permission is denied, as where another user owns the checkout.
    let probe = folder.join(format!(".amb-{}", std::process::id()));
    let tried = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&probe, ""))
        .and_then(|()| std::fs::remove_file(&probe))
        .and_then(|()| folder.canonicalize());
    tried.map_err(|error| {
        let folder = folder.display();
        Failure::Stopped(format!(
            "{folder} cannot be written: {error}; set CARGO_TARGET_DIR to a folder you may write"
        ))
    })
}

/// How a binary is linked: statically where the C library allows it.
pub(crate) fn static_target() -> Option<String> {
    let glibc = cfg!(all(target_os = "linux", target_env = "gnu"));
    glibc.then(|| format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
}

/// `cargo build` in a folder, everything it says kept.
pub(crate) fn build(folder: &Path, target: &Path, arguments: &[String]) -> Result<Output, Failure> {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .arg("build")
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        // Flags of the caller would take the place of ours.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Failure::Stopped(format!(
                "cargo cannot be run ({error}); install Rust from https://rustup.rs"
            ))
        })
}
