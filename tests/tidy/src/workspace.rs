//! The crates of the workspace and the source files that people write.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A crate as rustc sees it: one root, one tree of modules.
pub struct Target {
    /// The package, and the target too where it is neither its library nor its only program.
    pub name: String,
    /// `lib.rs`, `main.rs`, or the file of a test.
    pub root: PathBuf,
}

/// The folder that the workspace's `Cargo.toml` is in.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every target of every member, as cargo knows them.
pub fn targets() -> Vec<Target> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().flat_map(targets_of).collect()
}

fn targets_of(package: &Value) -> Vec<Target> {
    let name = package["name"].as_str().unwrap();
    let of = |target: &Value| {
        let kind = target["kind"][0].as_str().unwrap();
        let root = PathBuf::from(target["src_path"].as_str().unwrap());
        let name = match (kind, root.file_name().and_then(|file| file.to_str())) {
            ("lib", _) | ("bin", Some("main.rs")) => name.to_owned(),
            _ => format!("{name}, {kind} {}", target["name"].as_str().unwrap()),
        };
        Target { name, root }
    };
    package["targets"].as_array().unwrap().iter().map(of).collect()
}

fn metadata() -> Value {
    let out = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(folder())
        .output()
        .unwrap();
    assert!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

/// The sources that people write, in the order of their paths: generated proxies and the goldens that
/// they are compared with are left out.
pub fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(&folder(), &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            let skipped = name.starts_with('.')
                || ["target", "generated", "golden", "snapshots", "node_modules"].contains(&name);
            if !skipped {
                walk(&path, found);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// A path as people say it: from the folder of the workspace on.
pub fn shown(path: &Path) -> String {
    path.strip_prefix(folder()).unwrap_or(path).display().to_string()
}
