//! A proxy in a process of its own: what it costs and how it ends can only be seen from outside.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A running proxy; killed when the test is over, if it has not ended before.
pub struct Process {
    child: Child,
    notices: Lines<BufReader<ChildStderr>>,
    /// The first port it listens on.
    pub address: SocketAddr,
}

impl Process {
    /// Starts a program that says `listening on ADDRESS` and then `READY` on standard error.
    pub fn start(program: &str, arguments: &[String]) -> Self {
        let mut child =
            Command::new(program).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut notices = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut until = |what: &str| {
            let found = notices.by_ref().map(Result::unwrap).find(|line| line.contains(what));
            found.unwrap_or_else(|| panic!("{program} ended before it said {what:?}"))
        };
        let listening = until("listening on ");
        let address = listening.rsplit(' ').next().unwrap().parse().unwrap();
        until("READY");
        Self { child, notices, address }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory it has had at once, in KiB.
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// The memory it has now, in KiB.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// A line of proc(5), in KiB.
    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// The next line that it says.
    pub fn notice(&mut self) -> String {
        self.notices.next().expect("it has ended").unwrap()
    }

    /// Waits for the end; how it ended, and what it said since it was ready.
    pub fn end(&mut self) -> (ExitStatus, Vec<String>) {
        let said = self.notices.by_ref().map(Result::unwrap).collect();
        (self.child.wait().unwrap(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
