//! Differences of demands where two baselines hold: what one exempts from are its own.

use amb_policy_lang::diff::{diff, text};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile};

const DEMAND: &str = "require breaker exists";
const FREED: &str = "require breaker exists\n\
    exempt breaker for shop at \"shop.svc:80\" until \"2100-01-01\"";

/// A policy below two baselines with these demands.
fn below(far: &str, near: &str) -> Plan {
    let baseline = |name: &str, inside: &str| {
        format!(
            "edition 2026\nbaseline {name} {{\ndefaults {{ timeout 9s; breaker }}\n{inside}\n}}\n"
        )
    };
    let loader = MemoryLoader::new([
        ("amb.toml", "baseline = \"far.amb\"\n".to_owned()),
        ("far.amb", baseline("far", far)),
        ("a/amb.toml", "baseline = \"near.amb\"\n".to_owned()),
        ("a/near.amb", baseline("near", near)),
        (
            "a/web.amb",
            "edition 2026\nservice web\nupstream shop { address \"shop.svc:80\" }\notherwise reject\n"
                .to_owned(),
        ),
    ]);
    let outcome = compile("a/web.amb", &loader);
    outcome.plan.unwrap_or_else(|| panic!("{far} {near}: {:?}", outcome.diagnostics))
}

fn told(old: [&str; 2], new: [&str; 2]) -> String {
    text(&diff(&below(old[0], old[1]), &below(new[0], new[1])))
}

#[test]
fn a_demand_that_another_baseline_exempts_from_is_gone() {
    for (old, new) in [([DEMAND, FREED], ["", FREED]), ([FREED, DEMAND], [FREED, ""])] {
        let told = told(old, new);
        assert!(told.starts_with("weakened    service  require: "), "{old:?} {new:?}: {told}");
    }
    // The other one asks for it as well.
    assert_eq!(told([DEMAND, DEMAND], ["", DEMAND]), "");
}

#[test]
fn an_exemption_frees_from_the_demands_of_its_own_baseline() {
    let told = told([FREED, DEMAND], [FREED, FREED]);
    assert!(told.starts_with("weakened    service  exempt: none -> "), "{told}");
}
