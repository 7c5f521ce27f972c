//! Random policies that make sense: none is refused, and formatting changes neither them nor its own
//! result. And policies that break a guardrail: whatever else a service writes, none is accepted.

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

/// What an organisation demands.
const BASELINE: &str = "edition 2026\nbaseline acme {\n    defaults { timeout 5s }\n    \
    require retry.attempts <= 3\n    require breaker exists\n    \
    require timeout.total <= 10s\n}\nretry org { attempts 2 }\n";

/// What a service might try, at the top of its file …
const ABOVE: [&str; 12] = [
    "require retry.attempts <= 9",
    "require retry.attempts exists",
    "exempt retry.attempts for a at \"a.svc:80\" until \"2099-12-31\"",
    "exempt breaker for a at \"a.svc:80\" until \"2099-12-31\"",
    "baseline acme { defaults { timeout 5s } }",
    "baseline mine { require retry.attempts <= 9 }",
    "defaults { retry { attempts 1 }; breaker { consecutive-failures 5 } }",
    "retry org { attempts 1 }",
    "retry own { attempts 1 }",
    "policy own { retry { attempts 1 }; breaker { consecutive-failures 5 } }",
    "import \"acme.amb\" as other",
    "observe { metrics }",
];

/// … and in the upstream, around the setting that is not allowed.
const INSIDE: [&str; 7] = [
    "retry { attempts 1 }",
    "retry off",
    "retry org",
    "breaker { consecutive-failures 5 }",
    "timeout 1s",
    "use own",
    "route before { match GET /before }",
];

/// Settings that the baseline does not allow.
const FORBIDDEN: [&str; 4] =
    ["retry { attempts 5 }", "retry org { attempts 4 }", "breaker off", "timeout 11s"];

fn some(dice: &mut Dice, from: &[&str]) -> String {
    from.iter().filter(|_| dice.one_in(4)).map(|line| format!("{line}\n")).collect()
}

#[test]
fn nothing_in_a_service_makes_a_broken_guardrail_hold() {
    for seed in 0..2_000 {
        let mut dice = Dice::new(seed);
        let (above, inside) = (some(&mut dice, &ABOVE), some(&mut dice, &INSIDE));
        let forbidden = dice.pick(&FORBIDDEN);
        let text = format!(
            "edition 2026\nimport \"acme.amb\"\nservice s {{ baseline acme }}\n{above}\
             upstream a {{\naddress \"a.svc:80\"\n{inside}route r {{\nmatch GET /r\n{forbidden}\n}}\n}}\n\
             otherwise reject\n"
        );
        // `amb.toml` decides which baseline applies; without it a service chooses for itself.
        let manifest = ("amb.toml", "baseline = \"acme.amb\"\n");
        let files = [("a.amb", text.as_str()), ("acme.amb", BASELINE), manifest];
        let outcome = compile("a.amb", &MemoryLoader::new(files));
        assert!(outcome.plan.is_none(), "seed {seed} is accepted\n{text}");
        let told = outcome.diagnostics.iter().any(|found| found.is_error());
        assert!(told, "seed {seed} is refused without a word\n{text}");
    }
}
