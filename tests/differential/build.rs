//! Compiles policies, of the repository, below `policies/` and made by chance, to modules with their
//! text beside them; and some of them once more with a constant that is not what the policy says.

use std::path::{Path, PathBuf};
use std::{env, fs};

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, SourceLoader};

/// Folders of policies, seen from this package.
const FOLDERS: [&str; 5] = [
    "policies",
    "../wire/policies",
    "../../examples/demo",
    "../../examples/order",
    "../../examples/simple",
];

/// How many policies that nobody wrote.
const BY_CHANCE: u64 = 24;

/// A policy, and what is written into its generated code in place of what.
const MUTANTS: [(&str, &str, &str); 21] = [
    ("rates", "ATTEMPTS: u32 = 4", "ATTEMPTS: u32 = 5"),
    ("rates", "equal_jitter(millis(20)", "equal_jitter(millis(21)"),
    ("rates", "full_jitter(millis(10)", "full_jitter(millis(11)"),
    ("rates", "Fixed(millis(50))", "Fixed(millis(51))"),
    ("rates", "percent(50), floor", "percent(45), floor"),
    ("rates", "Status(429 | 500..=599)", "Status(429 | 501..=599)"),
    ("rates", "Method::Put | Method::Delete", "Method::Put | Method::Patch"),
    ("rates", "up_to: secs(2)", "up_to: secs(1)"),
    ("rates", "count: 4, within: secs(1)", "count: 3, within: secs(1)"),
    ("rates", "first: millis(200)", "first: millis(201)"),
    ("rates", "probes: 2", "probes: 1"),
    ("rates", "CONNECT: Duration = millis(100)", "CONNECT: Duration = millis(101)"),
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
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let folders = FOLDERS.map(|folder| here.join(folder));
    let written = folders.iter().flat_map(|folder| policies(folder)).filter_map(|it| of_file(&it));
    let policies: Vec<_> = written.chain((0..BY_CHANCE).map(by_chance)).collect();
    let mutants: Vec<_> = (0..MUTANTS.len()).map(mutant).collect();
    let all = policies.iter().chain(&mutants);
    let modules: String = all.map(|compiled| compiled.module.as_str()).collect();
    fs::write(out("modules.rs"), modules).unwrap();
    list("policies.rs", &policies);
    list("mutants.rs", &mutants);
}

fn list(file: &str, compiled: &[Compiled]) {
    let entries: String = compiled.iter().map(|compiled| compiled.entry.as_str()).collect();
    fs::write(out(file), format!("&[\n{entries}]\n")).unwrap();
}

/// A policy's module, and its entry in the list.
struct Compiled {
    module: String,
    entry: String,
}

fn policies(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut policies: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|it| it == "amb")).collect();
    policies.sort();
    policies
}

/// None for a file that others import.
fn of_file(policy: &Path) -> Option<Compiled> {
    let (loader, entry) = FileLoader::beside(policy);
    let plan = plan(&entry, &loader)?;
    let name = policy.file_stem().unwrap().to_str().unwrap();
    Some(compiled(name, &entry, &plan, &str::to_owned))
}

fn by_chance(seed: u64) -> Compiled {
    let (name, entry) = (format!("chance_{seed}"), format!("chance-{seed}.amb"));
    let loader = MemoryLoader::new([(entry.clone(), amb_tests_policies::small(seed))]);
    compiled(&name, &entry, &plan(&entry, &loader).unwrap(), &str::to_owned)
}

fn mutant(index: usize) -> Compiled {
    let (policy, from, to) = MUTANTS[index];
    let (loader, entry) = FileLoader::beside(&PathBuf::from(format!("policies/{policy}.amb")));
    let change = |proxy: &str| {
        assert!(proxy.contains(from), "{policy} has no `{from}` any more");
        proxy.replace(from, to)
    };
    let plan = plan(&entry, &loader).unwrap();
    let Compiled { module, entry } = compiled(&format!("mutant_{index}"), &entry, &plan, &change);
    let entry = format!("({:?},\n{}),\n", format!("{from} -> {to}"), entry.trim_end_matches(",\n"));
    Compiled { module, entry }
}

fn plan(entry: &str, loader: &dyn SourceLoader) -> Option<Plan> {
    let outcome = amb_policy_lang::compile(entry, loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let wrong = outcome.diagnostics.iter().any(|finding| finding.is_error());
    assert!(!wrong, "{entry} does not compile\n{findings}");
    outcome.plan
}

fn compiled(name: &str, entry: &str, plan: &Plan, change: &dyn Fn(&str) -> String) -> Compiled {
    let proxy = write(name, plan, change);
    let module = format!(
        "/// `{entry}`\npub mod {name} {{\n    \
         include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n}}\n"
    );
    let sources: Vec<_> = plan.sources.iter().map(|file| (&file.name, &file.text)).collect();
    let entry = format!(
        "    Policy {{ entry: {entry:?}, sources: &{sources:?}, play: play::<policies::{name}::{proxy}> }},\n"
    );
    Compiled { module, entry }
}

/// Writes the proxy; returns the name of its type.
fn write(name: &str, plan: &Plan, change: &dyn Fn(&str) -> String) -> String {
    let generated = amb_codegen::generate(plan);
    // A deployment has one policy and one `policy.json`; here there are several.
    let proxy = change(&generated.proxy_rs).replace("/policy.json", &format!("/{name}.json"));
    let (_, after) = proxy.split_once("impl Proxy for ").unwrap();
    let (type_name, _) = after.split_once(' ').unwrap();
    fs::write(out(&format!("{name}.json")), generated.policy_json).unwrap();
    fs::write(out(&format!("{name}.rs")), &proxy).unwrap();
    type_name.to_owned()
}

fn out(name: &str) -> PathBuf {
    Path::new(&env::var_os("OUT_DIR").unwrap()).join(name)
}
