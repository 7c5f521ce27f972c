//! Proxies as processes.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use crate::PROXY;

/// Names the policy whose proxy a role is; its arguments are those of the proxy.
pub const POLICY: &str = "AMB_TEST_POLICY";

/// A proxy that is ready.
#[derive(Debug)]
pub struct Proxy {
    process: Child,
    stderr: BufReader<ChildStderr>,
    /// What it said on its way.
    pub said: Vec<String>,
    /// From the start of the process.
    pub ready_after: Duration,
}

/// How a proxy ended before it was ready.
#[derive(Debug)]
pub struct Failed {
    pub code: Option<i32>,
    pub said: Vec<String>,
}

/// The proxy of a policy under the uid of the policy, with the one capability it needs.
pub fn command(role: &str, policy: &str) -> Command {
    within(Command::new("setpriv"), role, policy)
}

/// The same, under another uid.
pub fn command_as(uid: u32, role: &str, policy: &str) -> Command {
    within_as(uid, Command::new("setpriv"), role, policy)
}

/// The same, where `setpriv` is started in another namespace.
pub fn within(command: Command, role: &str, policy: &str) -> Command {
    within_as(PROXY, command, role, policy)
}

fn within_as(uid: u32, mut command: Command, role: &str, policy: &str) -> Command {
    command.arg(format!("--reuid={uid}")).arg(format!("--regid={uid}"));
    command.args(["--clear-groups", "--inh-caps=+net_admin", "--ambient-caps=+net_admin"]);
    command.arg(role).env(POLICY, policy);
    command
}

impl Proxy {
    /// # Panics
    /// If it does not become ready.
    pub fn start(role: &str, policy: &str) -> Self {
        Self::try_start(&mut command(role, policy)).unwrap()
    }

    /// # Errors
    /// If it ends before it is ready.
    pub fn try_start(command: &mut Command) -> Result<Self, Failed> {
        let start = Instant::now();
        let mut process = spawn(command);
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let mut proxy = Self { process, stderr, said: Vec::new(), ready_after: Duration::ZERO };
        loop {
            let mut line = String::new();
            if proxy.stderr.read_line(&mut line).unwrap() == 0 {
                let code = proxy.process.wait().unwrap().code();
                return Err(Failed { code, said: proxy.said });
            }
            proxy.said.push(line.trim_end().to_owned());
            if line.ends_with(": READY\n") {
                proxy.ready_after = start.elapsed();
                return Ok(proxy);
            }
        }
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        assert_eq!(self.process.wait().unwrap().signal(), Some(9));
    }

    /// SIGTERM, without waiting for the end.
    pub fn terminate(&self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    }

    /// The exit code, and what was said until then.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.process.wait().unwrap().code(), said)
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}
