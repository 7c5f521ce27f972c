//! The demo's ambassador: a process of its own, ended when the demo is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

pub(super) struct Proxy {
    process: Child,
    /// What it said on its way.
    pub(super) said: String,
}

impl Proxy {
    /// Starts it and waits until it is ready.
    pub(super) fn start(binary: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(binary)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::Stopped(format!("the proxy cannot be started: {error}")))?;
        let mut said = String::new();
        if let Some(lines) = child.stderr.take() {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                said.push_str(&line);
                said.push('\n');
                if line.ends_with("READY") {
                    return Ok(Self { process: child, said });
                }
            }
        }
        Err(Failure::Stopped(format!("the proxy did not start; it said:\n{said}")))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // If it has ended already there is nothing to end.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
