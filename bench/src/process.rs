//! Processes that we started: what they use, and their end.

use std::fs;
use std::process::{Child, exit};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A process that ends with us.
pub(crate) struct Running(Child);

/// All that run now.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// A panic says in one sentence why nothing can be measured, and leaves no process behind.
pub(crate) fn end_all_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let why = panic.payload_as_str().unwrap_or("something went wrong");
        eprintln!("amb-bench: {why}");
        for process in RUNNING.lock().map(|it| it.clone()).unwrap_or_default() {
            // It may have ended by itself.
            let _killed = kill_process(process, Signal::KILL);
        }
        exit(70);
    }));
}

/// Microseconds in user mode, and in the kernel.
#[derive(Clone, Copy)]
pub(crate) struct Cpu(u64, u64);

impl Cpu {
    pub(crate) fn since(self, before: Self) -> Self {
        Self(self.0 - before.0, self.1 - before.1)
    }

    pub(crate) fn user(self) -> f64 {
        self.0 as f64
    }

    pub(crate) fn total(self) -> f64 {
        (self.0 + self.1) as f64
    }
}

/// Memory in KiB.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// Pages that several processes share are counted in parts.
    pub(crate) proportional: u64,
}

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        RUNNING.lock().unwrap().push(Pid::from_child(&child));
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// CPU time so far of all its processes.
    pub(crate) fn cpu(&self) -> Cpu {
        let sum = |one: Cpu, other: Cpu| Cpu(one.0 + other.0, one.1 + other.1);
        family(self.id()).into_iter().map(ticks).fold(Cpu(0, 0), sum)
    }

    pub(crate) fn memory(&self) -> Memory {
        let sum = |name| family(self.id()).into_iter().map(|it| rollup(it, name)).sum();
        Memory { resident: sum("Rss:"), proportional: sum("Pss:") }
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        // It may have ended by itself.
        let _ended = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
        let ended = Pid::from_child(&self.0);
        RUNNING.lock().unwrap().retain(|process| *process != ended);
    }
}

/// A process and its descendants.
fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut at = 0;
    while let Some(process) = family.get(at) {
        let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
        let children = children.unwrap_or_default();
        family.extend(children.split_whitespace().map(|id| id.parse::<u32>().unwrap()));
        at += 1;
    }
    family
}

fn ticks(process: u32) -> Cpu {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the proxy has ended");
    // Behind the name in parentheses, which may contain anything.
    let (_, numbers) = stat.rsplit_once(") ").unwrap();
    let mut ticks = numbers.split(' ').skip(11).map(|ticks| ticks.parse::<u64>().unwrap());
    // USER_HZ is 100 on every Linux that Rust runs on.
    let mut micros = || ticks.next().unwrap() * 10_000;
    Cpu(micros(), micros())
}

fn rollup(process: u32, name: &str) -> u64 {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(path).expect("the proxy has ended");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
