//! Compiles policies, of the repository, below `policies/` and made by chance, to modules with their
//! text beside them.

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

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let folders = FOLDERS.map(|folder| here.join(folder));
    let written = folders.iter().flat_map(|folder| policies(folder)).filter_map(|it| of_file(&it));
    let compiled: Vec<_> = written.chain((0..BY_CHANCE).map(by_chance)).collect();
    let modules: String = compiled.iter().map(|(module, _)| module.as_str()).collect();
    let entries: String = compiled.iter().map(|(_, entry)| entry.as_str()).collect();
    fs::write(out("modules.rs"), modules).unwrap();
    fs::write(out("entries.rs"), format!("&[\n{entries}]\n")).unwrap();
}

fn policies(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut policies: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|it| it == "amb")).collect();
    policies.sort();
    policies
}

/// The module of a policy and its entry in the list; none for a file that others import.
fn of_file(policy: &Path) -> Option<(String, String)> {
    let (loader, entry) = FileLoader::beside(policy);
    let plan = plan(&entry, &loader)?;
    Some(compiled(policy.file_stem().unwrap().to_str().unwrap(), &entry, &plan))
}

fn by_chance(seed: u64) -> (String, String) {
    let (name, entry) = (format!("chance_{seed}"), format!("chance-{seed}.amb"));
    let loader = MemoryLoader::new([(entry.clone(), amb_tests_policies::small(seed))]);
    compiled(&name, &entry, &plan(&entry, &loader).unwrap())
}

fn plan(entry: &str, loader: &dyn SourceLoader) -> Option<Plan> {
    let outcome = amb_policy_lang::compile(entry, loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let wrong = outcome.diagnostics.iter().any(|finding| finding.is_error());
    assert!(!wrong, "{entry} does not compile\n{findings}");
    outcome.plan
}

fn compiled(name: &str, entry: &str, plan: &Plan) -> (String, String) {
    let proxy = write(name, plan);
    let module = format!(
        "/// `{entry}`\npub mod {name} {{\n    \
         include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n}}\n"
    );
    let sources: Vec<_> = plan.sources.iter().map(|file| (&file.name, &file.text)).collect();
    let entry = format!(
        "    Policy {{ entry: {entry:?}, sources: &{sources:?}, play: play::<policies::{name}::{proxy}> }},\n"
    );
    (module, entry)
}

/// Writes the proxy; returns the name of its type.
fn write(name: &str, plan: &Plan) -> String {
    let generated = amb_codegen::generate(plan);
    // A deployment has one policy and one `policy.json`; here there are several.
    let proxy = generated.proxy_rs.replace("/policy.json", &format!("/{name}.json"));
    let (_, after) = proxy.split_once("impl Proxy for ").unwrap();
    let (type_name, _) = after.split_once(' ').unwrap();
    fs::write(out(&format!("{name}.json")), generated.policy_json).unwrap();
    fs::write(out(&format!("{name}.rs")), &proxy).unwrap();
    type_name.to_owned()
}

fn out(name: &str) -> PathBuf {
    Path::new(&env::var_os("OUT_DIR").unwrap()).join(name)
}
