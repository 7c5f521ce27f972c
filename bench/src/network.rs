//! Network namespaces: rules of one hold in no other.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A namespace, for as long as this is kept or somebody is there.
pub(crate) struct Network(File);

/// Brings `lo` up, with one more address; then waits until we have looked.
const FURNISH: &str = "ip link set lo up && ip address add $0/32 dev lo && echo ready && read -r _";

impl Network {
    /// That of this thread.
    pub(crate) fn here() -> Self {
        Self::of("thread-self")
    }

    /// A new one, with an address besides loopback; none where they may not be made.
    pub(crate) fn apart(address: &str) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", FURNISH, address]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let network = (line == "ready\n").then(|| Self::of(&child.id().to_string()));
        // Its input is closed first, so that it ends.
        child.wait().ok()?;
        network
    }

    fn of(process: &str) -> Self {
        let path = format!("/proc/{process}/ns/net");
        Self(File::open(path).expect("the kernel shows its namespaces"))
    }

    /// This thread, and what it starts, is from now on there.
    pub(crate) fn enter(&self) {
        let moved = move_into_link_name_space(self.0.as_fd(), Some(LinkNameSpaceType::Network));
        moved.expect("who may make a namespace may enter it");
    }
}
