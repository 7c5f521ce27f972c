//! Two sides of the machine: one core for the proxy, the rest for origin and load.

use std::process::{Child, Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores of this process when it started.
pub(crate) struct Cores {
    proxy: CpuSet,
    rest: CpuSet,
    pub(crate) count: usize,
}

impl Cores {
    /// Divides them; this process, and what it starts, is from now on with the load. Where there is one
    /// core only, all share it.
    pub(crate) fn divide() -> Self {
        raise_file_limit();
        let all = sched_getaffinity(None).expect("the kernel knows our cores");
        let ours: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core)).collect();
        let (proxy, rest) = match ours.as_slice() {
            [first, rest @ ..] if !rest.is_empty() => (set(&[*first]), set(rest)),
            _ => (all, all),
        };
        settle(&rest);
        Self { proxy, rest, count: ours.len() }
    }

    /// Starts a process on the proxy's core.
    pub(crate) fn spawn(&self, command: &mut Command) -> Child {
        // A child begins where its parent runs.
        settle(&self.proxy);
        let child = command.spawn();
        settle(&self.rest);
        child.unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"))
    }
}

fn set(cores: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    cores.iter().for_each(|core| set.set(*core));
    set
}

fn settle(cores: &CpuSet) {
    sched_setaffinity(None, cores).expect("a process may choose among its own cores");
}

/// A thousand connections are two thousand descriptors of a proxy.
fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it may not be raised, connecting will fail and say so.
    let _raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
