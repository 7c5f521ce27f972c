//! What a request costs in CPU time: this proxy, nginx, HAProxy and a relay that parses nothing.
//!
//! ```text
//! wrk ──▶ proxy (one thread, a core of its own) ──▶ nginx, the origin
//! └─────────────── the other cores ───────────────────────┘
//! ```
//!
//! `cargo run --release -p amb-bench [-- --smoke | --rounds N | check]`. `check` measures the
//! compiler instead. First every proxy shows with real
//! requests that it retries and gives ids; then rounds are interleaved, so that what disturbs the
//! machine disturbs everybody. Missing programs are reported as missing.

mod check;
mod compile;
mod contenders;
mod folder;
mod load;
mod origin;
mod programs;
mod relay;
mod report;

/// `proxy.amb`, compiled.
mod proxy {
    include!(concat!(env!("OUT_DIR"), "/proxy.rs"));
}

use std::process::ExitCode;

use contenders::Contender;
use folder::Folder;
use report::Measured;

/// Where every contender looks for its upstream; `proxy.amb` says the same.
const ORIGIN: &str = "127.0.0.1:18480";
const HOST: &str = "bench.local";
/// Which part of the bench a process plays: it starts itself as proxy and as relay.
const ROLE: &str = "AMB_BENCH_ROLE";

/// How much is measured.
#[derive(Clone, Copy)]
struct Extent {
    rounds: usize,
    seconds: u32,
}

fn main() -> ExitCode {
    match std::env::var(ROLE).as_deref() {
        Ok("proxy") => return proxy::main(),
        Ok("relay") => return relay::run(),
        _ => {}
    }
    if std::env::args().nth(1).as_deref() == Some("check") {
        compile::run();
        return ExitCode::SUCCESS;
    }
    let Some(extent) = extent() else {
        eprintln!("usage: amb-bench [--smoke | --rounds N | check]");
        return ExitCode::from(64);
    };
    if let Some(missing) = ["nginx", "wrk"].into_iter().find(|it| programs::find(it).is_none()) {
        eprintln!("{missing} is missing: nothing can be measured without it");
        return ExitCode::from(69);
    }
    let folder = Folder::new();
    let (contenders, missing) = contenders::start(&folder);
    check::all(&contenders);
    let measured = measure(&folder, &contenders, extent);
    report::print(&measured, &missing, extent.seconds);
    ExitCode::SUCCESS
}

fn extent() -> Option<Extent> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Some(Extent { rounds: 9, seconds: 2 }),
        ["--smoke"] => Some(Extent { rounds: 1, seconds: 1 }),
        ["--rounds", rounds] => Some(Extent { rounds: rounds.parse().ok()?, seconds: 2 }),
        _ => None,
    }
}

/// Interleaved rounds, after one that only warms up; each begins with another contender.
fn measure(folder: &Folder, contenders: &[Contender], extent: Extent) -> Vec<Measured> {
    let _origin = origin::start(folder);
    let mut measured: Vec<_> = contenders.iter().map(|it| Measured::new(it.name)).collect();
    for contender in contenders {
        load::run(contender, 1);
    }
    for round in 0..extent.rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            measured[at].add(load::run(&contenders[at], extent.seconds));
        }
        eprintln!("round {} of {}", round + 1, extent.rounds);
    }
    measured
}
