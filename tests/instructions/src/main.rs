//! What the steps of a call, and of a check, cost in instructions, beside what `budget.txt` allows.
//!
//! `cargo run --release -p amb-tests-instructions [-- CASE …]`. Valgrind counts the instructions of
//! this program with few and with many repetitions of a case; the difference is the case's own, for
//! what a process does besides is the same in both. With `AMB_BLESS=1` the counts become the budget.

mod cases;
mod compiler;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::{env, fs};

use cases::{CASES, Case, LINEAR, PAIRS};

/// The first repetitions make buffers and connections.
const FEW: u64 = 200;
const MANY: u64 = FEW + 1_000;
/// Twice as much of the same may cost so many times as much, where work is in proportion.
const TWICE: f64 = 2.2;
/// A count may be this much above its budget before somebody has to say so.
const TOLERANCE: f64 = 1.03;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [command, name, times] = &arguments[..]
        && command == "repeat"
    {
        let case = CASES.iter().find(|case| case.name == name).unwrap();
        (case.run)(times.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    let chosen = |case: &&Case| arguments.is_empty() || arguments.iter().any(|it| it == case.name);
    let counts: BTreeMap<_, _> =
        CASES.iter().filter(chosen).map(|case| (case.name, count(case))).collect();
    if env::var_os("AMB_BLESS").is_some() {
        bless(&counts);
    }
    let in_proportion = CASES.iter().filter(chosen).filter(|case| LINEAR.contains(&case.name));
    let crooked = in_proportion.filter(|case| !is_linear(case, counts[case.name])).count();
    match judge(&counts) {
        ExitCode::SUCCESS if crooked > 0 => ExitCode::FAILURE,
        judged => judged,
    }
}

/// Does twice as much cost twice as much? `each` is what one repetition costs of the first.
fn is_linear(case: &Case, each: u64) -> bool {
    let (once, twice) = (start(case, MANY), start(case, 2 * MANY - FEW));
    let ratio = (total(twice) - total(once)) as f64 / (each * (MANY - FEW)) as f64 + 1.0;
    let note = if ratio > TWICE { "  too many" } else { "" };
    println!("twice the {} is {ratio:.3} times the work, at most {TWICE}{note}", case.name);
    ratio <= TWICE
}

/// Instructions per repetition.
fn count(case: &Case) -> u64 {
    let (few, many) = (start(case, FEW), start(case, MANY));
    (total(many) - total(few)) / (MANY - FEW)
}

fn start(case: &Case, times: u64) -> Child {
    Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["repeat", case.name, &times.to_string()])
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("valgrind counts the instructions; install it")
}

/// The line `==123== Collected : 4567`.
fn total(run: Child) -> u64 {
    let output = run.wait_with_output().unwrap();
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}");
    let line = report.lines().find_map(|line| line.split_once("Collected : ")).unwrap();
    line.1.trim().parse().unwrap()
}

/// Prints the table; fails if a case costs too much.
fn judge(counts: &BTreeMap<&str, u64>) -> ExitCode {
    let budget = budget();
    let mut failed = false;
    println!("{:<12} {:>12} {:>10} {:>8}", "case", "instructions", "budget", "change");
    for case in CASES.iter().filter(|case| counts.contains_key(case.name)) {
        let count = counts[case.name];
        let allowed = budget.get(case.name).copied().unwrap_or(0);
        let change = count as f64 / allowed.max(1) as f64;
        let over = change > TOLERANCE;
        failed |= over;
        let note = if over { "  too many" } else { "" };
        println!(
            "{:<12} {count:>12} {allowed:>10} {:>+7.1}%{note}",
            case.name,
            (change - 1.0) * 100.0
        );
    }
    for pair in PAIRS {
        let (Some(more), Some(base)) = (counts.get(pair.more), counts.get(pair.base)) else {
            continue;
        };
        let ratio = *more as f64 / *base as f64;
        let over = ratio > pair.most;
        failed |= over;
        let note = if over { "  too many" } else { "" };
        println!("{} is {ratio:.3} of {}, at most {}{note}", pair.more, pair.base, pair.most);
    }
    if failed {
        println!(
            "A step costs more than it did. If that is its price, say so in \
             the commit\nand run: cargo xtask bless budget"
        );
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn budget() -> BTreeMap<String, u64> {
    let text = fs::read_to_string(file()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries = lines.filter_map(|line| line.split_once(' '));
    entries.map(|(name, count)| (name.to_owned(), count.trim().parse().unwrap())).collect()
}

/// Cases that were not counted keep their budget.
fn bless(counts: &BTreeMap<&str, u64>) {
    let before = budget();
    let line = |case: &Case| {
        let counted = counts.get(case.name).or_else(|| before.get(case.name));
        counted.map(|count| format!("{:<12} {count:>8}\n", case.name))
    };
    let lines: String = CASES.iter().filter_map(line).collect();
    let head = "# Instructions per repetition, counted by Valgrind; see src/main.rs.\n";
    fs::write(file(), format!("{head}{lines}")).unwrap();
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("budget.txt")
}
