//! Which way each setting goes, told on policies as they are written.

use amb_policy_lang::diff::{diff, text};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile};

/// A policy with these statements in its service, at its top, and in its only upstream.
fn policy(top: &str, upstream: &str) -> Plan {
    let main = format!(
        "edition 2026\nimport \"org.amb\"\nservice web {{ baseline org }}\n{top}\n\
         upstream shop {{\naddress \"shop.svc:80\"\n{upstream}\n}}\notherwise pass\n"
    );
    planned(&main, "")
}

fn planned(main: &str, baseline: &str) -> Plan {
    let org = format!("edition 2026\nbaseline org {{\ndefaults {{ timeout 9s }}\n{baseline}\n}}\n");
    let loader = MemoryLoader::new([("web.amb", main.to_owned()), ("org.amb", org)]);
    let outcome = compile("web.amb", &loader);
    outcome.plan.unwrap_or_else(|| panic!("{main}: {:?}", outcome.diagnostics))
}

/// Setting one, then the other, is of a class; the way back is of the opposite one.
fn opposite(setting: &str, tight: &Plan, weak: &Plan) {
    for (class, old, new) in [("weakened", tight, weak), ("tightened", weak, tight)] {
        let changes = diff(old, new);
        let told = text(&changes);
        let [change] = changes.as_slice() else { panic!("{setting}: {told}") };
        assert_eq!((change.kind.name(), change.setting.as_str()), (class, setting), "{told}");
        assert!(change.why.is_some(), "{told}");
    }
}

/// A setting, a tight value of it, and a weak one.
const OF_A_CALL: &[(&str, &str, &str)] = &[
    ("timeout.total", "timeout 1s", "timeout 2s"),
    ("timeout.total", "timeout 1s", "timeout { total deadline max 2s }"),
    ("timeout.per-try", "timeout { per-try 1s }", "timeout { per-try 2s }"),
    ("timeout.per-try", "timeout { per-try 1s }", ""),
    ("timeout.connect", "timeout { connect 1s }", "timeout { connect 2s }"),
    ("timeout.idle", "timeout { idle 1m }", "timeout { idle 2m }"),
    ("retry", "", "retry"),
    ("retry.attempts", "retry { attempts 2 }", "retry { attempts 3 }"),
    ("retry.on", "retry { on 503 }", "retry { on 429, 503 }"),
    ("retry.methods", "retry { methods GET }", "retry { methods GET, PUT }"),
    ("retry.non-idempotent", "retry", "retry { non-idempotent when header(\"idempotency-key\") }"),
    (
        "retry.non-idempotent",
        "retry { non-idempotent when header(\"idempotency-key\") }",
        "retry { non-idempotent always because \"it is idempotent\" }",
    ),
    (
        "retry.backoff",
        "retry { backoff full-jitter 200ms..1s }",
        "retry { backoff full-jitter 100ms..1s }",
    ),
    ("retry.backoff", "retry { backoff full-jitter 100ms..1s }", "retry { backoff fixed 100ms }"),
    ("retry.retry-after", "retry { retry-after honour up to 1s }", "retry { retry-after ignore }"),
    ("retry.budget", "retry { budget 10% min 1/s }", "retry { budget 20% min 1/s }"),
    ("retry.budget", "retry { budget 10% min 1/s }", "retry { budget 10% min 2/s }"),
    ("retry.buffer", "retry { buffer 1KiB }", "retry { buffer 1MiB }"),
    ("breaker", "breaker", ""),
    ("breaker.failures", "breaker { failures 5 within 10s }", "breaker { failures 6 within 10s }"),
    ("breaker.failures", "breaker { failures 5 within 10s }", "breaker { failures 5 within 5s }"),
    (
        "breaker.consecutive-failures",
        "breaker { failures 5 within 10s; consecutive-failures 5 }",
        "breaker { failures 5 within 10s }",
    ),
    (
        "breaker.failure-rate",
        "breaker { failure-rate 20% of 20 within 10s }",
        "breaker { failure-rate 50% of 20 within 10s }",
    ),
    ("breaker.slow", "breaker { slow 1s rate 50% }", "breaker { slow 2s rate 50% }"),
    ("breaker.open-for", "breaker { open-for 30s }", "breaker { open-for 10s }"),
    ("breaker.open-for", "breaker { open-for 1s..60s }", "breaker { open-for 1s..30s }"),
    ("breaker.probes", "breaker { probes 1 }", "breaker { probes 2 }"),
    ("breaker.counts", "breaker { counts reset, 500 }", "breaker { counts 500 }"),
    ("headers.request.remove", "headers request { remove \"x-debug\" }", ""),
    ("headers.response.remove", "headers response { remove \"server\" }", ""),
];

#[test]
fn each_setting_of_a_call_has_its_direction() {
    for (setting, tight, weak) in OF_A_CALL {
        opposite(setting, &policy("", tight), &policy("", weak));
    }
}

#[test]
fn each_setting_of_bytes_has_its_direction() {
    let cases = [
        ("limits.connections", "limits { connections 10 }", "limits { connections 20 }"),
        ("timeout.idle", "timeout { idle 1m }", "timeout { idle 1h }"),
    ];
    for (setting, tight, weak) in cases {
        let of = |upstream: &str| policy("", &format!("protocol tcp\n{upstream}"));
        opposite(setting, &of(tight), &of(weak));
    }
}

#[test]
fn each_setting_of_the_service_has_its_direction() {
    let log = |inside: &str| format!("observe {{ access-log json {{ {inside} }} }}");
    let cases = [
        (
            "access-log.redact",
            log("redact \"cookie\", \"authorization\""),
            log("redact \"cookie\""),
        ),
        ("access-log.redact", log("redact \"cookie\""), log("")),
        ("access-log.headers", log("headers \"x-a\""), log("headers \"x-a\", \"x-b\"")),
        ("access-log.headers", log(""), log("headers \"x-a\"")),
        ("listen", String::new(), "listen \"0.0.0.0:15001\"".to_owned()),
        (
            "admin",
            "observe { admin \"127.0.0.1:9901\" }".to_owned(),
            "observe { admin \"0.0.0.0:9901\" }".to_owned(),
        ),
    ];
    for (setting, tight, weak) in cases {
        opposite(setting, &policy(&tight, ""), &policy(&weak, ""));
    }
}

#[test]
fn each_demand_has_its_direction() {
    let main = "edition 2026\nimport \"org.amb\"\nservice web { baseline org }\n\
        upstream shop { address \"shop.svc:80\"; retry { budget 10% min 1/s }; breaker }\n\
        otherwise reject\n";
    let cases = [
        ("require", "require retry.attempts <= 3", ""),
        ("require", "require retry.attempts <= 3", "require retry.attempts <= 4"),
        ("require", "require timeout.total < 10s", "require timeout.total < 11s"),
        ("require", "require breaker.open-for >= 20s", "require breaker.open-for >= 10s"),
        (
            "require",
            "require retry.backoff in full-jitter",
            "require retry.backoff in full-jitter, equal-jitter",
        ),
        (
            "exempt",
            "require breaker exists",
            "require breaker exists\nexempt breaker for shop until \"2100-01-01\"",
        ),
    ];
    for (setting, tight, weak) in cases {
        opposite(setting, &planned(main, tight), &planned(main, weak));
    }
    let without = main.replace(" { baseline org }", "").replace("80\";", "80\"; timeout 9s;");
    opposite("baseline", &planned(main, ""), &planned(&without, ""));
    let pass = main.replace("reject", "pass");
    opposite("otherwise", &planned(main, ""), &planned(&pass, ""));
}

#[test]
fn what_is_a_matter_of_view_has_no_direction() {
    let cases = [
        ("changed", "retry { on 429 }", "retry { on 503 }"),
        (
            "changed",
            "retry { retry-after honour up to 1s }",
            "retry { retry-after honour up to 2s }",
        ),
        ("changed", "retry { budget 10% min 2/s }", "retry { budget 20% min 1/s }"),
        ("changed", "correlation-id \"x-a\"", "correlation-id \"x-b\""),
        ("changed", "hosts \"a\"", "hosts \"b\""),
        ("added", "", "correlation-id \"x-a\""),
        ("added", "", "trace"),
        ("added", "", "fallback 503"),
        ("added", "", "headers request { set \"x-a\" \"b\" }"),
        ("added", "", "route a { match GET /a }"),
        ("added", "", "listen \"127.0.0.1:9001\""),
        ("removed", "headers response { add \"x-a\" \"b\" }", ""),
    ];
    for (class, old, new) in cases {
        let changes = diff(&policy("", old), &policy("", new));
        let [change] = changes.as_slice() else { panic!("{new}: {}", text(&changes)) };
        assert_eq!((change.kind.name(), change.why), (class, None), "{}", text(&changes));
    }
}
