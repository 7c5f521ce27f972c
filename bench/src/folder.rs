//! Where things lie: what is kept between runs, and what is gone at the end.

use std::fs;
use std::path::{Path, PathBuf};

/// The checkout.
pub(crate) const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// `target/bench`: proxies, peers and reports.
pub(crate) fn kept() -> PathBuf {
    let folder = Path::new(CHECKOUT).join("target/bench");
    fs::create_dir_all(&folder).expect("target/bench can be made");
    folder.canonicalize().expect("target/bench is there")
}

/// A place for configurations, gone at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("amb-bench-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for configurations can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).expect("configurations can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}
