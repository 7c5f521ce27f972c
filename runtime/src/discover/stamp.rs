//! Tells two states of a file apart.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Its device and inode, its length, and its times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([i128; 5]);

impl Stamp {
    /// None if it is not there. A link leads to its target.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        let time =
            |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Some(Self([
            file.dev().into(),
            file.ino().into(),
            file.len().into(),
            time(file.mtime(), file.mtime_nsec()),
            time(file.ctime(), file.ctime_nsec()),
        ]))
    }
}
