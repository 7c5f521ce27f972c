//! Compiles the policy under measurement.

use std::path::Path;
use std::{env, fs};

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics::{Style, render};

fn main() {
    println!("cargo::rerun-if-changed=proxy.amb");
    let outcome = amb_policy_lang::compile("proxy.amb", &FileLoader::new("."));
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("proxy.amb does not compile\n{findings}"));
    let generated = amb_codegen::generate(&plan);
    let out = env::var_os("OUT_DIR").unwrap();
    fs::write(Path::new(&out).join("proxy.rs"), generated.proxy_rs).unwrap();
    fs::write(Path::new(&out).join("policy.json"), generated.policy_json).unwrap();
}
