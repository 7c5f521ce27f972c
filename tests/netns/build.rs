//! Compiles every policy below `policies/` to a module with its proxy and its rules as text.

use std::path::{Path, PathBuf};
use std::{env, fs};

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::summary;

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("policies");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut policies: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    policies.sort();
    let modules: String = policies.iter().map(|policy| module(policy)).collect();
    let names: Vec<_> = policies.iter().map(|policy| name(policy)).collect();
    let arms: String =
        names.iter().map(|name| format!("        {name:?} => Some({name}::main()),\n")).collect();
    let run = format!(
        "/// Runs the proxy of a policy.\n\
         pub fn run(name: &str) -> Option<std::process::ExitCode> {{\n    match name {{\n{arms}        \
         _ => None,\n    }}\n}}\n"
    );
    fs::write(out("policies.rs"), modules + &run).unwrap();
}

fn module(policy: &Path) -> String {
    let name = name(policy);
    let (loader, entry) = FileLoader::beside(policy);
    let outcome = amb_policy_lang::compile(&entry, &loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("{entry} does not compile\n{findings}"));
    let generated = amb_codegen::generate(&plan);
    let proxy = generated.proxy_rs.replace("/policy.json", &format!("/{name}.json"));
    fs::write(out(&format!("{name}.json")), generated.policy_json).unwrap();
    fs::write(out(&format!("{name}.rs")), proxy).unwrap();
    fs::write(out(&format!("{name}.nft")), summary::rules(&plan).unwrap()).unwrap();
    format!(
        "/// `policies/{name}.amb`\npub mod {name} {{\n    \
         include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n    \
         /// What `amb rules` prints.\n    \
         pub const RULES: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.nft\"));\n}}\n"
    )
}

fn name(policy: &Path) -> String {
    policy.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn out(name: &str) -> PathBuf {
    Path::new(&env::var_os("OUT_DIR").unwrap()).join(name)
}
