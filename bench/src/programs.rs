//! Programs of this machine, and the processes that they become.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

/// A program's path. Servers are often outside a user's `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// A core for the proxies, and the rest for origin and load.
#[derive(Clone, Copy)]
pub(crate) enum Core {
    Proxy,
    Rest,
}

/// A command that runs on its side of the machine, where there are sides.
pub(crate) fn pinned(program: PathBuf, core: Core) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let Some(taskset) = find("taskset").filter(|_| cores > 1) else { return Command::new(program) };
    let mut command = Command::new(taskset);
    command.arg("-c").arg(match core {
        Core::Proxy => "0".to_owned(),
        Core::Rest => format!("1-{}", cores - 1),
    });
    command.arg(program);
    command
}

/// A process that ends with us.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Microseconds of CPU time that it has used so far, in user mode and in the system.
    pub(crate) fn cpu_micros(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        // Behind the name in parentheses, which may contain anything.
        let (_, numbers) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 =
            numbers.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        // USER_HZ is 100 on every Linux that Rust runs on.
        ticks * 10_000
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
