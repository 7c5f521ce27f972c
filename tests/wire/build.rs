//! Compiles every policy below `policies/` to a module of the harness.

use std::path::{Path, PathBuf};
use std::{env, fs};

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics::{Style, render};

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("policies");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut policies: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    policies.sort();
    let modules: String = policies.iter().map(|policy| module(policy)).collect();
    fs::write(out("policies.rs"), modules).unwrap();
}

/// Writes the proxy of one policy; returns the module that it becomes.
fn module(policy: &Path) -> String {
    let name = policy.file_stem().unwrap().to_str().unwrap();
    let (loader, entry) = FileLoader::beside(policy);
    let outcome = amb_policy_lang::compile(&entry, &loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("{entry} does not compile\n{findings}"));
    let generated = amb_codegen::generate(&plan);
    // A deployment has one policy and one `policy.json`; here there are several.
    let proxy = generated.proxy_rs.replace("/policy.json", &format!("/{name}.json"));
    fs::write(out(&format!("{name}.json")), generated.policy_json).unwrap();
    fs::write(out(&format!("{name}.rs")), proxy).unwrap();
    format!(
        "/// `policies/{name}.amb`\npub mod {name} {{\n    \
         include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n}}\n"
    )
}

fn out(name: &str) -> PathBuf {
    Path::new(&env::var_os("OUT_DIR").unwrap()).join(name)
}
