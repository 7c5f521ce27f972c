//! Who else uses the proxy's uid: loops are avoided by uid, so whoever shares it is not redirected.
//!
//! Only processes that can be seen are known: those of other process namespaces cannot, and those
//! whose network namespace may not be looked at are taken to be elsewhere.

use std::fs;
use std::path::PathBuf;

/// Another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Neighbour {
    pub(crate) id: u32,
    pub(crate) name: String,
}

/// What `/proc/ID/status` says.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    name: String,
    parent: u32,
    /// Real, effective, saved, and that of the file system, which sockets carry.
    uids: Vec<u32>,
}

/// A process of that uid in our network namespace, unless it is one that started us: those wait.
pub(super) fn user_of(uid: u32) -> Option<Neighbour> {
    let own = namespace("self")?;
    let ancestors = ancestors();
    let ids = fs::read_dir("/proc").ok()?.flatten();
    let mut ids: Vec<u32> =
        ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    ids.into_iter().filter(|id| !ancestors.contains(id)).find_map(|id| {
        let status = status(&id.to_string()).filter(|status| status.uids.contains(&uid))?;
        (namespace(&id.to_string())? == own).then_some(Neighbour { id, name: status.name })
    })
}

/// This process and those that it descends from.
fn ancestors() -> Vec<u32> {
    let mut ids = vec![std::process::id()];
    while let Some(parent) = ids.last().and_then(|id| status(&id.to_string())).map(|it| it.parent) {
        if parent == 0 || ids.contains(&parent) {
            break;
        }
        ids.push(parent);
    }
    ids
}

/// The network namespace; a process that has ended has none.
fn namespace(process: &str) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/net")).ok()
}

fn status(process: &str) -> Option<Status> {
    parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn parse(text: &str) -> Option<Status> {
    let field = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    Some(Status {
        name: field("Name:")?.to_owned(),
        parent: field("PPid:")?.parse().ok()?,
        uids: field("Uid:")?.split_whitespace().filter_map(|uid| uid.parse().ok()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::{ancestors, parse, user_of};

    #[test]
    fn a_status_is_read() {
        let status = parse("Name:\tcat\nUmask:\t0022\nPPid:\t7\nUid:\t1\t2\t3\t4\n").unwrap();
        assert_eq!((status.name.as_str(), status.parent), ("cat", 7));
        assert_eq!(status.uids, [1, 2, 3, 4]);
        assert_eq!(parse("Name:\tcat\n"), None);
    }

    #[test]
    fn other_processes_of_a_uid_are_found_and_those_that_started_us_are_not() {
        let uid = rustix::process::geteuid().as_raw();
        let mut cat = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let found = user_of(uid).unwrap();
        assert!(!ancestors().contains(&found.id), "{found:?}");
        drop(cat.stdin.take());
        cat.wait().unwrap();
        // Nobody has this one.
        assert_eq!(user_of(u32::MAX - 7), None);
    }
}
