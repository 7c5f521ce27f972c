//! How wide the one-screen plan is, and the figures above it.

use crate::plans::{self, MS, SECOND, order, settings};
use amb_policy_lang::interpret::run_test;
use amb_policy_lang::plan::derived;
use amb_policy_lang::summary as show;
use amb_policy_lang::{MemoryLoader, compile};

#[test]
fn no_line_is_wider_than_the_screen() {
    let mut plan = order();
    plan.sources[1].name = format!("../{}/acme.amb", "platform/".repeat(20));
    plan.upstreams[0].routes[0].name = "very-long-route-name-".repeat(5);
    plan.upstreams[0].routes[0].matches[0].path.as_mut().unwrap().segments[0] =
        plans::literal(&"x".repeat(300));
    let text = show::text(&plan);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
}

#[test]
fn figures_follow_from_the_settings() {
    let plan = order();
    let stock = &plan.upstreams[1].routes[0].settings;
    assert_eq!(derived::tries(stock), 3);
    assert_eq!(derived::worst_latency(stock), SECOND);
    assert_eq!(derived::amplification(stock, &[]), 3);
    assert_eq!(derived::replay_memory(stock), 64 * 1024);
}

#[test]
fn the_worst_wait_is_all_tries_and_full_windows() {
    let mut of = settings();
    of.timeout.per_try = Some(plans::route_set(250 * MS, 1));
    of.retry.as_mut().unwrap().retry_after.value = amb_policy_lang::plan::RetryAfter::Ignore;
    // Three tries of 250 ms, windows of 200 ms and 400 ms between them.
    assert_eq!(derived::slowest_answer(&of), 1350 * MS);
    // But the last answer may trickle.
    assert_eq!(derived::worst_latency(&of), 5 * SECOND);
}

#[test]
fn tries_that_slow_ones_leave_no_time_for_are_a_line_of_the_plan() {
    let text = "edition 2026\nservice web\nupstream a {\n address \"a:80\"\n \
        timeout { total 6s; per-try 2s }\n retry { attempts 4 }\n}\notherwise reject\n";
    let outcome = compile("web.amb", &MemoryLoader::new([("web.amb", text)]));
    assert_eq!(outcome.diagnostics, []);
    let text = show::text(&outcome.plan.unwrap());
    assert!(text.contains("if slow") && text.contains("3 of 4 tries fit into 6s"), "{text}");
}

#[test]
fn without_retry_there_is_one_try_and_nothing_kept() {
    let mut of = settings();
    of.retry = None;
    assert_eq!(derived::tries(&of), 1);
    assert_eq!(derived::worst_latency(&of), 5 * SECOND);
    assert_eq!(derived::replay_memory(&of), 0);
    // If a kept connection ends with it, a safe method is sent once more.
    assert_eq!(derived::amplification(&of, &[]), 2);
    let only_post = &order().upstreams[0].routes[0].matches;
    assert_eq!(derived::amplification(&of, only_post), 1);
}

#[test]
fn a_long_name_moves_no_line_of_another() {
    let policy = |route: &str| {
        let text = format!(
            "edition 2026\nservice web\ndefaults {{ timeout 6s }}\nupstream a {{\n address \"a:80\"\n \
             retry {{ attempts 4 }}\n {route}\n}}\notherwise reject\n"
        );
        show::reviewed(&compile("web.amb", &MemoryLoader::new([("web.amb", &text)])).plan.unwrap())
    };
    let name = "a-route-of-more-than-thirty-characters";
    let with = policy(&format!("route {name} {{ match GET /a }}"));
    assert!(with.contains(&format!("route {name}  ")), "{with}");
    for line in policy("").lines() {
        assert!(with.lines().any(|other| other == line), "`{line}` is not in\n{with}");
    }
}

/// What fails once a second is cut off by then, and not before: the interpreter agrees.
#[test]
fn a_breaker_trips_within_its_figure() {
    let cases = [
        ("", Some(5)),
        ("consecutive-failures 7", Some(7)),
        ("failures 10 within 10s", Some(10)),
        ("failures 12 within 10s", None),
        ("failures 2 within 1ms", None),
        ("failure-rate 50% of 5 within 10s", Some(10)),
        ("failure-rate 50% of 20 within 10s", None),
        ("slow 1s rate 10%", None),
        ("consecutive-failures 9; failures 3 within 1m", Some(3)),
    ];
    for (rules, seconds) in cases {
        let calls = seconds.unwrap_or(60);
        let state = if seconds.is_some() { "open" } else { "closed" };
        let text = format!(
            "edition 2026\nservice web\nupstream a {{\naddress \"a:80\"\ntimeout 2s\n\
             breaker {{ {rules} }}\n}}\notherwise reject\ntest \"t\" {{\n\
             request GET \"a\" / times {calls} every 1s\ngiven a replies reset\n\
             expect a.breaker == {state}\n}}\n"
        );
        let outcome = compile("web.amb", &MemoryLoader::new([("web.amb", text)]));
        let plan = outcome.plan.unwrap_or_else(|| panic!("{rules}: {:?}", outcome.diagnostics));
        let breaker = plan.upstreams[0].settings.breaker.as_ref().unwrap();
        assert_eq!(derived::trips_within(breaker), seconds.map(|it| it * SECOND), "{rules}");
        let outcome = run_test(&plan, &plan.tests[0], 0);
        assert!(outcome.passed, "{rules}: {}", outcome.render(&plan, &plan.tests[0]));
    }
}
