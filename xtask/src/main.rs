//! `cargo xtask`: the commands of whoever works on this repository.
//!
//! Each is a few commands that one could type; every one is shown before it runs.

mod bless;
mod nightly;
mod proxies;
mod quick;
mod shell;

use std::process::ExitCode;

use shell::{Failed, Step};

const USAGE: &str = "\
usage: cargo xtask quick           format, lints and fast tests of what has changed: seconds
       cargo xtask bless           write anew what tests compare with
       cargo xtask bless budget    write anew how many instructions a call may take: minutes
       cargo xtask bench [ARG]...  measure beside other proxies: minutes, see amb-bench --help
       cargo xtask nightly [SEED]  search for what the promises miss, from a new seed: minutes
       cargo xtask proxies [N..M]  2,000 compiled policies, 1,000,000 scenarios and sieges of them: hours
       cargo xtask ci              everything that has to hold before a change lands
";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["quick"] => quick::run(),
        ["bless"] => bless::all(),
        ["bless", "budget"] => bless::budget(),
        ["bench", arguments @ ..] => bench(arguments),
        ["nightly", seed @ ..] if seed.len() < 2 => nightly::run(seed.first().copied()),
        ["proxies"] => proxies::run(None),
        ["proxies", batches] => proxies::run(Some(batches)),
        ["ci"] => Step::new(".ci/run").run(),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(what)) => {
            eprintln!("failed: {what}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &[&str]) -> Result<(), Failed> {
    Step::cargo(["run", "--quiet", "--release", "-p", "amb-bench", "--"]).args(arguments).run()
}
