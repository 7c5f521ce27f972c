//! Which way each setting goes, told on policies as they are written.

use amb_policy_lang::diff::{Change, Kind, diff, text};
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

pub(crate) fn planned(main: &str, baseline: &str) -> Plan {
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
    }
}

/// A setting, a tight value of it, and a weak one.
const OF_A_CALL: &[(&str, &str, &str)] = &[
    ("timeout.total", "timeout 1s", "timeout 2s"),
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
    (
        "retry.retry-after",
        "retry { retry-after honour up to 1s }",
        "retry { retry-after honour up to 2s }",
    ),
    ("retry.budget", "retry { budget 10% min 1/s }", "retry { budget 20% min 1/s }"),
    ("retry.budget", "retry { budget 10% min 1/s }", "retry { budget 10% min 2/s }"),
    ("retry.buffer", "retry { buffer 1KiB }", "retry { buffer 1MiB }"),
    ("breaker", "breaker", ""),
    ("breaker.failures", "breaker { failures 5 within 10s }", "breaker { failures 6 within 10s }"),
    ("breaker.failures", "breaker { failures 5 within 10s }", "breaker { failures 5 within 5s }"),
    ("retry.backoff", "retry { backoff full-jitter 100ms..1s }", "retry { backoff fixed 100ms }"),
    ("correlation-id", "correlation-id \"x-a\"", ""),
    ("trace", "trace", ""),
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
    ("breaker.counts", "breaker { counts reset, 500 }", "breaker { counts 500 }"),
    ("headers.request", "headers request { remove \"x-debug\" }", ""),
    ("headers.response", "headers response { remove \"server\" }", ""),
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
            "require breaker exists\nexempt breaker for shop at \"shop.svc:80\" until \"2100-01-01\"",
        ),
        (
            "exempt",
            "require breaker exists\nexempt breaker for shop at \"shop.svc:80\" until \"2099-01-01\"",
            "require breaker exists\nexempt breaker for shop at \"shop.svc:80\" until \"2100-01-01\"",
        ),
    ];
    for (setting, tight, weak) in cases {
        let (tight, weak) = (planned(main, tight), planned(main, weak));
        assert!(of_class(setting, "weakened", &diff(&tight, &weak)));
        assert!(of_class(setting, "tightened", &diff(&weak, &tight)));
    }
    let pass = main.replace("reject", "pass");
    opposite("otherwise", &planned(main, ""), &planned(&pass, ""));
}

#[test]
fn a_demand_that_moves_to_where_it_is_exempted_is_weakened() {
    let main = "edition 2026\nimport \"org.amb\"\nservice web { baseline org }\n\
        require breaker exists\n\
        upstream shop { address \"shop.svc:80\"; breaker }\notherwise reject\n";
    let own = planned(main, "");
    let of = |org: &str| planned(&main.replace("require breaker exists\n", ""), org);
    let theirs = of(
        "require breaker exists\nexempt breaker for shop at \"shop.svc:80\" until \"2100-01-01\"",
    );
    assert_eq!(text(&diff(&of("require breaker exists"), &own)), "");
    assert_eq!(text(&diff(&own, &of("require breaker exists"))), "");
    assert!(text(&diff(&own, &theirs)).starts_with("weakened "));
}

#[test]
fn a_name_that_is_exempted_is_no_mere_name() {
    let main = "edition 2026\nimport \"org.amb\"\nservice web { baseline org }\n\
        upstream shop { address \"shop.svc:80\"; breaker }\notherwise reject\n";
    let org =
        "require breaker exists\nexempt breaker for legacy at \"shop.svc:80\" until \"2100-01-01\"";
    let renamed = planned(&main.replace("upstream shop", "upstream legacy"), org);
    let told = diff(&planned(main, org), &renamed);
    assert!(of_class("exempt", "weakened", &told), "{}", text(&told));
}

fn of_class(setting: &str, class: &str, changes: &[Change]) -> bool {
    let mut changes = changes.iter().filter(|change| change.setting == setting);
    changes.any(|change| change.kind.name() == class)
}

/// What somebody could hope to pass as harmless: an old upstream and a new one.
const WEAKENED: &[(&str, &str)] = &[
    ("retry { on 429 }", "retry { on 503 }"),
    ("retry { on 503 }", "retry { on 5xx }"),
    ("retry { retry-after ignore }", "retry { retry-after honour up to 1s }"),
    ("retry { budget 10% min 2/s }", "retry { budget 20% min 1/s }"),
    ("retry { backoff fixed 1s }", "retry { backoff full-jitter 1ms..1ms }"),
    ("retry { backoff full-jitter 1s..2s }", "retry { backoff fixed 2s }"),
    (
        "retry { non-idempotent when header(\"idempotency-key\") }",
        "retry { non-idempotent when header(\"x-key\") }",
    ),
    ("timeout { total deadline max 2s }", "timeout 1s"),
    ("breaker { open-for 10s }", "breaker { open-for 10s..20s }"),
    // More are in flight, or fewer have to succeed.
    ("breaker { probes 1 }", "breaker { probes 3 }"),
    ("breaker { probes 3 }", "breaker { probes 1 }"),
    ("correlation-id \"x-a\"", "correlation-id \"x-b\""),
    // A field that means something already.
    ("", "correlation-id \"authorization\""),
    ("", "correlation-id \"x-forwarded-for\""),
    ("", "correlation-id \"idempotency-key\""),
    (
        "headers request { set \"x-a\" \"b\" }",
        "headers request { set \"x-a\" \"b\" }\ncorrelation-id \"x-a\"",
    ),
    (
        "headers request { set \"x-a\" header(\"x-b\") }",
        "headers request { set \"x-a\" header(\"x-b\") }\ncorrelation-id \"x-b\"",
    ),
    (
        "headers request { set \"x-a\" request.id }",
        "headers request { set \"x-a\" request.id }\ncorrelation-id \"x-b\"",
    ),
    (
        "route a { match /** header(\"x-b\") == \"c\" }",
        "route a { match /** header(\"x-b\") == \"c\" }\ncorrelation-id \"x-b\"",
    ),
    ("", "hosts \"b\""),
    ("", "fallback 503"),
    ("", "headers request { set \"x-a\" \"b\" }"),
    ("", "listen \"127.0.0.1:9001\""),
    ("headers response { add \"x-a\" \"b\" }", ""),
    (
        "headers response { remove \"server\" }",
        "headers response { remove \"server\"; add \"server\" \"b\" }",
    ),
    (
        "headers request { set \"x-a\" header(\"x-b\"); remove \"x-b\" }",
        "headers request { remove \"x-b\"; set \"x-a\" header(\"x-b\") }",
    ),
    (
        "headers request { remove \"x-b\"; set \"x-b\" \"c\" }",
        "headers request { set \"x-b\" \"c\"; remove \"x-b\" }",
    ),
    (
        "route no { match /admin/**; respond 403 }",
        "route no { match /admin/users/**; respond 403 }",
    ),
    ("route no { match /admin/**; respond 403 }", "route no { match /admin/**; respond 200 }"),
    (
        "route a { match GET /a; timeout 1s }\nroute b { match GET /** }",
        "route new { match GET /** header(\"x\") == \"y\" }\nroute a { match GET /a; timeout 1s }\nroute b { match GET /** }",
    ),
    (
        "route a { match GET /a/{x}; timeout 1s }\nroute b { match GET /{x}/b }",
        "route b { match GET /{x}/b }\nroute a { match GET /a/{x}; timeout 1s }",
    ),
    ("route a { match any; timeout 1s }", "route a { match /**; timeout 1s }"),
    (
        "route a { match GET /a; breaker { failures 2 within 10s } }",
        "breaker { failures 2 within 10s }\nroute b { match GET /b; breaker off }",
    ),
];

#[test]
fn what_is_not_shown_to_be_stricter_is_weakened() {
    for (old, new) in WEAKENED {
        // With `reject` a call that nobody knows goes nowhere.
        let of = |upstream: &str| {
            let main = format!(
                "edition 2026\nimport \"org.amb\"\nservice web {{ baseline org }}\n\
                 upstream shop {{\naddress \"shop.svc:80\"\n{upstream}\n}}\notherwise reject\n"
            );
            planned(&main, "")
        };
        let changes = diff(&of(old), &of(new));
        let weakened = changes.iter().any(|change| change.kind == Kind::Weakened);
        assert!(weakened, "{old} -> {new}: {}", text(&changes));
    }
}

#[test]
fn a_call_that_goes_to_another_place_is_redirected() {
    let cases = [
        ("address \"shop.svc:80\"", "address \"shop.svc:81\""),
        ("address \"shop.svc:80\"", "address \"shop.svc:80\"; protocol http2"),
        ("route a { match GET /a/{x} }", "route a { match GET /a/{x}; rewrite path /b/{x} }"),
        (
            "route a { match GET /a/{x}/{y}; rewrite path /b/{x} }",
            "route a { match GET /a/{y}/{x}; rewrite path /b/{x} }",
        ),
    ];
    for (old, new) in cases {
        let of = |inside: &str| {
            let address = if inside.contains("address") { "" } else { "address \"shop.svc:80\"" };
            let main = format!(
                "edition 2026\nservice web\nupstream shop {{\ntimeout 9s\n{address}\n{inside}\n}}\n\
                 otherwise reject\n"
            );
            planned(&main, "")
        };
        let changes = diff(&of(old), &of(new));
        let [change] = changes.as_slice() else { panic!("{new}: {}", text(&changes)) };
        assert_eq!(change.kind, Kind::Redirected, "{new}");
    }
}

#[test]
fn what_does_the_same_is_no_difference() {
    let cases = [
        ("retry { on 502, 503, 504 }", "retry { on 504, 502..503 }"),
        ("retry { methods GET, PUT }", "retry { methods PUT, GET }"),
        ("", "route a { match GET /a }"),
        ("route a { match GET|HEAD /a }", "route a { match GET /a }"),
        ("route a { match GET /a/{x} }", "route a { match GET /a/{other} }"),
        (
            "route a { match GET /a/{x}; rewrite path /b/{x} }",
            "route a { match GET /a/{y}; rewrite path /b/{y} }",
        ),
        (
            "route a { match GET /a; timeout 1s }\nroute b { match GET /b }",
            "route b { match GET /b }\nroute a { match GET /a; timeout 1s }",
        ),
        (
            "headers request { set \"x-a\" \"1\"; set \"x-b\" \"2\" }",
            "headers request { set \"x-b\" \"2\"; remove \"x-a\"; set \"x-a\" \"1\" }",
        ),
        (
            "retry { non-idempotent always because \"a\" }",
            "retry { non-idempotent always because \"b\" }",
        ),
    ];
    for (old, new) in cases {
        assert_eq!(text(&diff(&policy("", old), &policy("", new))), "", "{old} -> {new}");
    }
}

#[test]
fn another_name_for_the_same_is_renamed() {
    let old = policy("", "route a { match GET /a; timeout 1s }");
    let new = policy("", "route b { match GET /a; timeout 1s }");
    let told = "renamed     shop/b  route: shop/a -> shop/b  (web.amb:7)\n";
    assert_eq!(text(&diff(&old, &new)), told);
}

#[test]
fn what_calls_share_they_share_with_the_same_others() {
    let main = |upstreams: &str| {
        let text = format!(
            "edition 2026\nservice web\ndefaults {{ timeout 9s; retry; breaker }}\n\
            {upstreams}\notherwise reject\n"
        );
        planned(&text, "")
    };
    let one = main("upstream shop { address \"shop.svc:80\"; hosts \"shop\" }");
    let two = main(
        "upstream shop { addresses \"10.0.0.1:80\"; hosts \"shop\" }\n\
         upstream shop-too { address \"shop.svc:80\" }",
    );
    for (old, new) in [(&one, &two), (&two, &one)] {
        let told = diff(old, new);
        for setting in ["breaker", "retry.budget"] {
            assert!(of_class(setting, "weakened", &told), "{}", text(&told));
        }
    }
}

#[test]
fn an_upstream_that_goes_leaves_its_calls_to_otherwise() {
    let plan = |upstreams: &str, otherwise: &str| {
        planned(&format!("edition 2026\nservice web\n{upstreams}\notherwise {otherwise}\n"), "")
    };
    let (shop, more) = (
        "upstream shop { address \"shop.svc:80\"; timeout 1s }",
        "upstream more { address \"more.svc:80\"; timeout 1s; route no { match /no; respond 403 } }",
    );
    let both = format!("{shop}\n{more}");
    for (old, new, otherwise, told) in [
        (
            both.as_str(),
            shop,
            "pass",
            "weakened    more/*, more/no -> otherwise  call: forward -> pass",
        ),
        (both.as_str(), shop, "reject", "tightened "),
        (shop, both.as_str(), "reject", "weakened "),
        (shop, both.as_str(), "pass", "redirected "),
    ] {
        let changes = text(&diff(&plan(old, otherwise), &plan(new, otherwise)));
        assert!(changes.starts_with(told.split("more/*").next().unwrap_or_default()), "{changes}");
    }
}

#[test]
fn a_test_that_goes_is_weakened() {
    let test = |name: &str, expect: &str| {
        format!("test \"{name}\" {{ request GET \"shop.svc\" /a\nexpect {expect} }}")
    };
    let (one, renamed) = (test("a", "status == 200"), test("b", "status == 200"));
    let changed = test("a", "attempts == 1");
    let kinds = |old: &str, new: &str| -> Vec<Kind> {
        diff(&policy(old, ""), &policy(new, "")).iter().map(|change| change.kind).collect()
    };
    assert_eq!(kinds(&one, &renamed), []);
    assert_eq!(kinds(&one, ""), [Kind::Weakened]);
    assert_eq!(kinds("", &one), [Kind::Tightened]);
    assert_eq!(kinds(&one, &changed), [Kind::Weakened]);
}
