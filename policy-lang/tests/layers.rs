//! Policies that are accepted: which layer wins, and where each value says it is from.

use std::time::Duration;

use amb_policy_lang::plan::{BackoffKind, HeaderOp, Layer, Origin, Sourced, Total};
use amb_policy_lang::{MemoryLoader, Outcome, compile};

const BASELINE: &str = r#"edition 2026

baseline acme {
    defaults {
        timeout 5s
        retry   { attempts 3; backoff equal-jitter 100ms..1s }
        headers request { remove "x-debug" }
    }
}

retry gentle {
    attempts 2
    buffer   1KiB
}
"#;

const POLICY: &str = r#"edition 2026

import "acme.amb"
import "acme.amb" as org

service web {
    baseline acme
}

defaults {
    headers request { set "x-debug" "1" }
    breaker
}

policy careful {
    timeout { total 3s; per-try 1s }
    retry   org.gentle { budget 10% min 1/s }
}

upstream a {
    address "A.svc:80"
    timeout 4s

    route r {
        match   GET /r/{id}
        use     careful
        timeout { per-try 500ms }
        breaker { probes 2 }
    }

    route quiet {
        match any
        retry off
    }
}

otherwise pass
"#;

fn outcome() -> Outcome {
    compile("web.amb", &MemoryLoader::new([("web.amb", POLICY), ("acme.amb", BASELINE)]))
}

fn layer<T>(value: &Sourced<T>) -> Option<&Layer> {
    match &value.origin {
        Origin::Language => None,
        Origin::Written { layer, .. } => Some(layer),
    }
}

#[test]
fn nothing_is_said_about_it() {
    assert_eq!(outcome().diagnostics, []);
}

#[test]
fn the_inner_layer_wins_field_by_field() {
    let plan = outcome().plan.unwrap();
    let upstream = &plan.upstreams[0];
    let route = &upstream.routes[0].settings;
    let named = |name: &str| Layer::Policy(name.to_owned());

    assert_eq!(upstream.settings.timeout.total.value, Total::Fixed(Duration::from_secs(4)));
    assert_eq!(layer(&upstream.settings.timeout.total), Some(&Layer::Upstream));
    assert_eq!(layer(&route.timeout.total), Some(&named("policy careful")));
    assert_eq!(layer(route.timeout.per_try.as_ref().unwrap()), Some(&Layer::Route));
    assert_eq!(layer(&route.timeout.idle), None);

    let retry = route.retry.as_ref().unwrap();
    assert_eq!((retry.attempts.value, layer(&retry.attempts)), (2, Some(&named("retry gentle"))));
    assert_eq!(layer(&retry.budget), Some(&named("policy careful")));
    assert_eq!(retry.backoff.value.kind, BackoffKind::EqualJitter);
    assert_eq!(layer(&retry.backoff), Some(&Layer::Baseline));
    assert!(upstream.routes[1].settings.retry.is_none());
    assert!(upstream.settings.retry.is_some());
}

#[test]
fn edits_of_the_baseline_run_last() {
    let plan = outcome().plan.unwrap();
    let edits = &plan.upstreams[0].settings.request_headers;
    assert!(matches!(edits[0].value.op, HeaderOp::Set(_)));
    assert!(matches!(edits[1].value.op, HeaderOp::Remove));
    assert_eq!(layer(&edits[1]), Some(&Layer::Baseline));
}

#[test]
fn names_are_lower_case_and_sources_in_order() {
    let plan = outcome().plan.unwrap();
    assert_eq!(plan.upstreams[0].hosts[0].value.to_string(), "a.svc");
    let names: Vec<_> = plan.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["web.amb", "acme.amb"]);
}

#[test]
fn a_namesake_keeps_its_base() {
    let policy = "edition 2026\nimport \"shared.amb\" as shared\nservice web\n\
        retry gentle extends shared.gentle { buffer 1KiB }\n\
        policy calm extends shared.calm { retry gentle }\n\
        upstream a { address \"a:80\"; use calm }\notherwise pass\n";
    let shared = "edition 2026\nretry gentle { attempts 2 }\npolicy calm { timeout 2s }\n";
    let loader = MemoryLoader::new([("web.amb", policy), ("shared.amb", shared)]);
    let outcome = compile("web.amb", &loader);
    assert_eq!(outcome.diagnostics, []);
    let plan = outcome.plan.unwrap();
    let settings = &plan.upstreams[0].settings;
    let retry = settings.retry.as_ref().unwrap();
    assert_eq!((retry.attempts.value, retry.buffer.value), (2, 1024));
    assert_eq!(settings.timeout.total.value, Total::Fixed(Duration::from_secs(2)));
}

#[test]
fn namesakes_of_two_files_are_two_layers() {
    let policy = "edition 2026\nimport \"fast.amb\" as quick\nimport \"slow.amb\"\nservice web\n\
        upstream a { address \"a:80\"; use quick.short }\n\
        upstream b { address \"b:80\"; use slow }\notherwise pass\n";
    let fast = "edition 2026\npolicy short { timeout 1s }\n";
    let slow =
        "edition 2026\nimport \"far.amb\" as far\npolicy slow extends far.short { breaker }\n";
    let far = "edition 2026\npolicy short { timeout 2s }\n";
    let files = [("web.amb", policy), ("fast.amb", fast), ("slow.amb", slow), ("far.amb", far)];
    let outcome = compile("web.amb", &MemoryLoader::new(files));
    assert_eq!(outcome.diagnostics, []);
    let plan = outcome.plan.unwrap();
    let total = |at: usize| plan.upstreams[at].settings.timeout.total.clone();
    assert_eq!(layer(&total(0)), Some(&Layer::Policy("policy quick.short".to_owned())));
    assert_eq!(layer(&total(1)), Some(&Layer::Policy("policy far.short".to_owned())));
}
