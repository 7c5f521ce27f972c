//! Compiles policies, of the repository, below `policies/` and made by chance, to modules with their
//! text beside them; and some of them once more with a constant that is not what the policy says.

use std::ops::Range;
use std::path::Path;

use amb_codegen::testing::{Module, policies, write};

/// Folders of policies, seen from this package.
const FOLDERS: [&str; 5] = [
    "policies",
    "../wire/policies",
    "../../examples/demo",
    "../../examples/order",
    "../../examples/simple",
];

/// Seeds of the policies that nobody wrote, if `AMB_POLICIES` does not say `100..200`; then there are no
/// others.
const BY_CHANCE: Range<u64> = 0..24;

/// A policy, and what is written into its generated code in place of what.
const MUTANTS: [(&str, &str, &str); 22] = [
    ("rates", "ATTEMPTS: u32 = 4", "ATTEMPTS: u32 = 5"),
    ("rates", "equal_jitter(millis(20)", "equal_jitter(millis(21)"),
    ("rates", "full_jitter(millis(10)", "full_jitter(millis(11)"),
    ("rates", "Fixed(millis(50))", "Fixed(millis(51))"),
    ("rates", "percent(50)).floor", "percent(45)).floor"),
    ("rates", "Status(429 | 500..=599)", "Status(429 | 501..=599)"),
    ("rates", "Method::Put | Method::Delete", "Method::Put | Method::Patch"),
    ("rates", "up_to: secs(2)", "up_to: secs(1)"),
    ("rates", "count: 4, within: secs(1)", "count: 3, within: secs(1)"),
    ("rates", "first: millis(200)", "first: millis(201)"),
    ("rates", "PROBES: u32 = 2", "PROBES: u32 = 1"),
    ("rates", "CONNECT: Duration = millis(100)", "CONNECT: Duration = millis(110)"),
    ("rates", "TOTAL: Total = Total::Fixed(secs(4))", "TOTAL: Total = Total::Fixed(millis(4100))"),
    ("rates", "PER_TRY: Option<Duration> = Some(millis(300))", "PER_TRY: Option<Duration> = None"),
    ("rates", "BUFFER: usize = kib(1)", "BUFFER: usize = kib(2)"),
    ("answers", "\"x-served-by\", b\"amb\"", "\"x-served-by\", b\"ama\""),
    ("answers", "[b\"gone\"]", "[b\"gone\", ..]"),
    ("prices", "GRPC: bool = true", "GRPC: bool = false"),
    (
        "prices",
        "Cause::Grpc(Grpc::Aborted) | Cause::Grpc(Grpc::Unavailable)",
        "Cause::Grpc(Grpc::Unavailable)",
    ),
    (
        "prices",
        "Cause::Grpc(Grpc::Internal) | Cause::Grpc(Grpc::Unavailable)",
        "Cause::Grpc(Grpc::Internal)",
    ),
    ("prices", "Deadline { max: secs(2)", "Deadline { max: millis(1999)"),
    ("prices", "[b\"shop.v1.Catalog\", method]", "[b\"shop.v1.Catalogs\", method]"),
];

fn main() {
    let seeds = seeds();
    let only = seeds.is_some();
    let folders = if only { &[] } else { FOLDERS.as_slice() };
    let mutants = if only { 0 } else { MUTANTS.len() };
    let written = folders.iter().flat_map(policies).filter_map(|policy| Module::of_file(&policy));
    let policies: Vec<_> = written.chain(seeds.unwrap_or(BY_CHANCE).map(by_chance)).collect();
    let mutants: Vec<_> = (0..mutants).map(mutant).collect();
    let modules = policies.iter().chain(&mutants).map(Module::write);
    write("modules.rs", &modules.collect::<String>());
    list("policies.rs", policies.iter().map(entry));
    let changed = MUTANTS.iter().map(|(_, from, to)| format!("{from} -> {to}"));
    let mutants = changed.zip(&mutants);
    list("mutants.rs", mutants.map(|(change, mutant)| format!("({change:?}, {})", entry(mutant))));
}

/// What `AMB_POLICIES` says.
fn seeds() -> Option<Range<u64>> {
    println!("cargo::rerun-if-env-changed=AMB_POLICIES");
    let range = std::env::var("AMB_POLICIES").ok()?;
    let (first, end) = range.split_once("..").unwrap();
    Some(first.parse().unwrap()..end.parse().unwrap())
}

fn list(file: &str, entries: impl Iterator<Item = String>) {
    let entries: String = entries.map(|entry| format!("{entry},\n")).collect();
    write(file, &format!("&[\n{entries}]\n"));
}

/// A policy in the lists, with its text.
fn entry(module: &Module) -> String {
    let sources = module.plan.sources.iter();
    let sources: Vec<_> = sources.map(|file| (&file.name, &file.text)).collect();
    let (entry, proxy) = (sources[0].0, format!("{}::{}", module.name, module.proxy()));
    format!(
        "Policy {{ entry: {entry:?}, sources: &{sources:?}, play: play::<policies::{proxy}>, besiege: Siege::run::<policies::{proxy}> }}"
    )
}

fn by_chance(seed: u64) -> Module {
    Module::of_text(&format!("chance_{seed}"), amb_tests_policies::small(seed))
}

fn mutant(index: usize) -> Module {
    let (policy, from, to) = MUTANTS[index];
    let module = Module::of_file(Path::new(&format!("policies/{policy}.amb"))).unwrap();
    assert!(module.proxy_rs.contains(from), "{policy} has no `{from}` any more");
    let proxy_rs = module.proxy_rs.replace(from, to);
    Module { name: format!("mutant_{index}"), proxy_rs, ..module }
}
