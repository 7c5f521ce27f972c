//! Random policies that make sense: none is refused, and formatting changes neither them nor its own
//! result.

use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::{MemoryLoader, Outcome, compile, format};
use amb_tests_policies::{Dice, Shape, policy, small};

fn compiled(text: &str) -> Outcome {
    compile("chance.amb", &MemoryLoader::new([("chance.amb", text)]))
}

fn findings(outcome: &Outcome) -> String {
    render(&outcome.diagnostics, &outcome.sources, Style::Plain)
}

#[test]
fn sane_policies_are_accepted_without_a_word() {
    for seed in 0..2_000 {
        let text = small(seed);
        let outcome = compiled(&text);
        assert!(outcome.diagnostics.is_empty(), "seed {seed}\n{}\n{text}", findings(&outcome));
        assert!(outcome.plan.is_some(), "seed {seed}");
    }
}

#[test]
fn a_large_sane_policy_is_accepted() {
    let text = policy(&mut Dice::new(1), Shape { upstreams: 20, routes: 10 });
    let outcome = compiled(&text);
    assert!(outcome.diagnostics.is_empty(), "{}", findings(&outcome));
}

#[test]
fn formatting_keeps_the_plan() {
    for seed in 0..300 {
        let text = small(seed);
        let once = format("chance.amb", &text).unwrap();
        assert_eq!(format("chance.amb", &once).as_ref(), Ok(&once), "seed {seed}");
        let (before, after) = (compiled(&text).plan.unwrap(), compiled(&once).plan.unwrap());
        let routes = |plan: &amb_policy_lang::plan::Plan| {
            let all = plan.upstreams.iter().flat_map(|upstream| &upstream.routes);
            all.map(|route| (route.name.clone(), route.matches.len())).collect::<Vec<_>>()
        };
        assert_eq!(routes(&before), routes(&after), "seed {seed}");
    }
}
