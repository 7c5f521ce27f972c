//! Compiles every policy below `policies/` to a module with its proxy and its rules as text.

use amb_codegen::testing::{Module, policies, write};
use amb_policy_lang::summary;

fn main() {
    let policies = policies("policies");
    let modules: Vec<_> = policies.iter().filter_map(|it| Module::of_file(it)).map(ruled).collect();
    let arms = modules.iter().map(|Module { name, .. }| format!("{name:?} => {name}::main(),\n"));
    let run = format!(
        "/// Runs the proxy of a policy.\n\
         pub fn run(name: &str) -> Option<std::process::ExitCode> {{\n\
         Some(match name {{\n{}_ => return None,\n}})\n}}\n",
        arms.collect::<String>()
    );
    write("policies.rs", &(modules.iter().map(Module::write).collect::<String>() + &run));
}

/// With what `amb rules` prints; nothing without `intercept`.
fn ruled(module: Module) -> Module {
    let rules = summary::rules(&module.plan).unwrap_or_default();
    Module { items: format!("pub const RULES: &str = {rules:?};\n"), ..module }
}
