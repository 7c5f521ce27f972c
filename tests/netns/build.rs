//! Compiles every policy below `policies/`, and versions of one that are deployed over each other, to
//! modules with their proxies and their rules as text.

use amb_codegen::testing::{Module, policies, write};
use amb_policy_lang::summary;

fn main() {
    let policies = policies("policies");
    let mut modules: Vec<_> = policies.iter().filter_map(|it| Module::of_file(it)).collect();
    let mut versions = String::new();
    for version in VERSIONS {
        modules.push(Module::of_text(&version.name(), version.policy()));
        versions += &version.constant();
    }
    let modules: Vec<_> = modules.into_iter().map(ruled).collect();
    let arms = modules.iter().map(|Module { name, .. }| format!("{name:?} => {name}::main(),\n"));
    let run = format!(
        "/// Runs the proxy of a policy.\n\
         pub fn run(name: &str) -> Option<std::process::ExitCode> {{\n\
         Some(match name {{\n{}_ => return None,\n}})\n}}\n",
        arms.collect::<String>()
    );
    let versions = format!(
        "/// Versions of one policy that are deployed over each other.\n\
         pub const VERSIONS: &[crate::Version] = &[\n{versions}];\n"
    );
    let modules: String = modules.iter().map(Module::write).collect();
    write("policies.rs", &(modules + &run + &versions));
}

/// With what `amb rules` prints; nothing without `intercept`.
fn ruled(module: Module) -> Module {
    let rules = summary::rules(&module.plan).unwrap_or_default();
    Module { items: format!("pub const RULES: &str = {rules:?};\n"), ..module }
}

const VERSIONS: [Version; 8] = [
    Version { on_exit: "open", family: FAMILIES[0], ports: PORTS[0] },
    Version { on_exit: "open", family: FAMILIES[0], ports: PORTS[1] },
    Version { on_exit: "open", family: FAMILIES[1], ports: PORTS[0] },
    Version { on_exit: "open", family: FAMILIES[1], ports: PORTS[1] },
    Version { on_exit: "closed", family: FAMILIES[0], ports: PORTS[0] },
    Version { on_exit: "closed", family: FAMILIES[0], ports: PORTS[1] },
    Version { on_exit: "closed", family: FAMILIES[1], ports: PORTS[0] },
    Version { on_exit: "closed", family: FAMILIES[1], ports: PORTS[1] },
];
const FAMILIES: [Family; 2] = [
    Family {
        name: "v4",
        upstream: "10.1.0.1",
        beside: "127.0.0.1",
        except: "10.2.0.0/16",
        excepted: "10.2.0.1",
    },
    Family {
        name: "v6",
        upstream: "[fd01::1]",
        beside: "[::1]",
        except: "fd02::/16",
        excepted: "[fd02::1]",
    },
];
const PORTS: [Ports; 2] = [
    Ports { user: 15001, upstream: 80, all: "80, 5432" },
    Ports { user: 15002, upstream: 8000, all: "443, 8000..8099" },
];

struct Version {
    on_exit: &'static str,
    family: Family,
    ports: Ports,
}

#[derive(Clone, Copy)]
struct Family {
    name: &'static str,
    upstream: &'static str,
    beside: &'static str,
    except: &'static str,
    excepted: &'static str,
}

/// With other ports the proxy is another user, too.
#[derive(Clone, Copy)]
struct Ports {
    user: u32,
    upstream: u16,
    all: &'static str,
}

impl Version {
    fn name(&self) -> String {
        format!("{}_{}_{}", self.on_exit, self.family.name, self.ports.upstream)
    }

    fn policy(&self) -> String {
        let Self { on_exit, family, ports } = self;
        let Family { upstream, beside, except, .. } = family;
        let Ports { user, upstream: port, all } = ports;
        format!(
            r#"
edition 2026
service web {{
    user    {user}
    workers 2
}}
intercept {{
    ports        {all}
    except cidrs "{except}"
    on-exit      {on_exit}
}}
defaults {{ timeout 5s }}
upstream shop {{
    address "{upstream}:{port}"
    hosts   "shop.test"
}}
upstream beside {{
    address "{beside}:8070"
    hosts   "beside.test"
}}
otherwise pass
"#
        )
    }

    fn constant(&self) -> String {
        let Self { family, ports, .. } = self;
        let Ports { user, upstream: port, .. } = ports;
        let redirected = format!("{}:{port}", family.upstream);
        let excepted = format!("{}:{port}", family.excepted);
        format!(
            "crate::Version {{ name: {:?}, user: {user}, redirected: {redirected:?}, \
             excepted: {excepted:?} }},\n",
            self.name()
        )
    }
}
