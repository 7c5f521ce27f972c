//! Compiles every policy below `policies/` to a module of the harness.

use amb_codegen::testing::{Module, policies, write};

fn main() {
    let modules = policies("policies").into_iter().filter_map(|policy| Module::of_file(&policy));
    write("policies.rs", &modules.map(|module| module.write()).collect::<String>());
}
