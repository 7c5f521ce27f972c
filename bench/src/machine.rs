//! Where it was measured.

use std::fs;

/// `AMD EPYC, 2 cores, Linux 6.18.5, load average 0.42`.
pub(crate) fn describe(cores: usize) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{model}, {cores} {}, Linux {}, load average {}",
        if cores == 1 { "core" } else { "cores" },
        kernel.trim(),
        load.split(' ').next().unwrap_or_default()
    )
}
