//! Compiles the order example and policies of many routes to modules.

use std::path::{Path, PathBuf};
use std::{env, fs};

use amb_codegen::source::FileLoader;
use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::{MemoryLoader, SourceLoader};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../examples/order");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let (order, entry) = FileLoader::beside(&here.join("../../examples/order/order.amb"));
    let mut modules = module("order", &order, &entry);
    for (name, text) in [
        ("ten", routes(1, 10)),
        ("thousand", routes(1, 1000)),
        ("spread", routes(100, 10)),
        ("plain", plain("")),
        ("unused", plain(&unused())),
    ] {
        let file = format!("{name}.amb");
        modules += &module(name, &MemoryLoader::new([(file.as_str(), text)]), &file);
    }
    fs::write(out("policies.rs"), modules).unwrap();
}

/// Upstreams with routes that differ in their literal segments and in three time-outs.
fn routes(upstreams: usize, routes: usize) -> String {
    let route = |at: usize| {
        let (area, timeout) = (at / 10, ["1s", "2s", "3s"][at % 3]);
        format!(
            "    route r{at} {{\n        match GET /v1/area{area:03}/thing{at:03}/{{id}}\n        \
             timeout {timeout}\n    }}\n"
        )
    };
    let upstream = |at: usize| {
        let routes: String = (0..routes).map(route).collect();
        format!("upstream u{at} {{\n    address \"u{at:03}.shop.svc:80\"\n{routes}}}\n")
    };
    let upstreams: String = (0..upstreams).map(upstream).collect();
    format!(
        "edition 2026\nservice many\ndefaults {{ timeout 5s }}\n{upstreams}\notherwise reject\n"
    )
}

/// One route that is called, and what others have.
fn plain(others: &str) -> String {
    format!(
        "edition 2026\nservice plain\nupstream u000 {{\n    address \"u000.shop.svc:80\"\n    \
         timeout 5s\n    route called {{ match GET /v1/called/{{id}} }}\n{others}}}\notherwise reject\n"
    )
}

/// Five routes with four filters each that the call does not use.
fn unused() -> String {
    let route = |at: usize| {
        format!(
            "    route other{at} {{\n        match GET /v1/other{at}/{{id}}\n        \
             correlation-id \"x-id-{at}\"\n        trace\n        \
             retry {{ attempts {}; on connect-failure, 503 }}\n        \
             fallback {} \n        headers request {{ remove \"x-other-{at}\" }}\n    }}\n",
            at + 2,
            200 + at
        )
    };
    (0..5).map(route).collect()
}

/// Writes the proxy of one policy; returns the module that it becomes.
fn module(name: &str, loader: &dyn SourceLoader, entry: &str) -> String {
    let outcome = amb_policy_lang::compile(entry, loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let plan = outcome.plan.unwrap_or_else(|| panic!("{entry} does not compile\n{findings}"));
    let generated = amb_codegen::generate(&plan);
    // A deployment has one policy and one `policy.json`; here there are several.
    let proxy = generated.proxy_rs.replace("/policy.json", &format!("/{name}.json"));
    fs::write(out(&format!("{name}.json")), generated.policy_json).unwrap();
    fs::write(out(&format!("{name}.rs")), proxy).unwrap();
    format!("pub mod {name} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n}}\n")
}

fn out(name: &str) -> PathBuf {
    Path::new(&env::var_os("OUT_DIR").unwrap()).join(name)
}
