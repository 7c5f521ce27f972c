//! Differences between plans: the effective values, each once, and what they mean.

use amb_policy_lang::diff::{Change, Kind, diff, json, markdown, text};
use amb_policy_lang::plan::{Action, Otherwise, Plan, Reply, Sourced, Total};

use crate::plans::{MS, SECOND, order, retry, route_set, upstream};

fn changed(change: impl FnOnce(&mut Plan)) -> Vec<Change> {
    let mut new = order();
    change(&mut new);
    diff(&order(), &new)
}

fn check(expected: &str, change: impl FnOnce(&mut Plan)) {
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(text(&changed(change)), expected);
}

#[test]
fn a_plan_does_not_differ_from_itself() {
    check("", |_| ());
}

#[test]
fn three_changes_are_three_lines() {
    let expected = "weakened    inventory/stock  headers.request: remove \"x-internal-debug\" -> none  (acme.amb:25 (baseline))
        weakened    notification/notify  retry: none -> attempts 3  (acme.amb:9 (baseline)): a failed call may be sent again
        tightened   payment/charge  timeout.total: 2s -> 1s  (order.amb:22): callers wait less long";
    check(expected, |plan| {
        plan.upstreams[0].routes[0].settings.timeout.total.value = Total::Fixed(SECOND);
        plan.upstreams[1].routes[0].settings.request_headers.clear();
        plan.upstreams[2].routes[0].settings.retry = Some(retry());
    });
}

#[test]
fn where_a_value_is_written_makes_no_difference() {
    check("", |plan| {
        let total = plan.upstreams[0].routes[0].settings.timeout.total.value;
        plan.upstreams[0].routes[0].settings.timeout.total = Sourced::language(total);
    });
}

#[test]
fn what_changes_alike_everywhere_is_said_once() {
    check(
        "weakened    *  timeout.connect: 3s -> 4s  (language): a dead address is given up later",
        |plan| {
            for upstream in &mut plan.upstreams {
                upstream.settings.timeout.connect.value = 4 * SECOND;
                for route in &mut upstream.routes {
                    route.settings.timeout.connect.value = 4 * SECOND;
                }
            }
        },
    );
    check(
        "weakened    payment/*  timeout.connect: 3s -> 4s  (language): a dead address is given up later",
        |plan| {
            plan.upstreams[0].settings.timeout.connect.value = 4 * SECOND;
            plan.upstreams[0].routes[0].settings.timeout.connect.value = 4 * SECOND;
        },
    );
}

#[test]
fn upstreams_and_routes_come_and_go() {
    let expected = "weakened    inventory/stock -> inventory  timeout.total: 1s -> 5s  \
        (order.amb:37 -> acme.amb:6 (baseline)): callers may wait longer, as GET /v1/stock/x
        weakened    inventory/stock -> inventory  timeout.per-try: 250ms -> none  \
        (order.amb:37): a slow try is given up later, as GET /v1/stock/x
        weakened    otherwise -> billing  retry: none -> attempts 3  \
        (acme.amb:9 (baseline)): a failed call may be sent again
        weakened    payment/* -> otherwise  call: forward -> pass  \
        (order.amb:17 -> order.amb:64): it goes out without a policy
        redirected  otherwise -> billing  call: pass -> forward  \
        (order.amb:64 -> order.amb:70): it goes where the upstream is
        tightened   inventory/stock -> inventory  retry.backoff: full-jitter 10ms..100ms -> full-jitter 100ms..30s  \
        (order.amb:38 -> acme.amb:11 (baseline)): retries come later or more spread out, as GET /v1/stock/x";
    check(expected, |plan| {
        plan.upstreams.remove(0);
        plan.upstreams[0].routes.remove(0);
        plan.upstreams.push(upstream("billing", 70, vec![]));
    });
}

#[test]
fn the_order_of_routes_is_part_of_their_meaning() {
    let expected = "weakened    inventory/stock -> inventory/all  timeout.total: 1s -> 2s  \
        (order.amb:37 -> order.amb:90): callers may wait longer, as GET /v1/stock/x";
    check("", |plan| plan.upstreams[1].routes.reverse());
    check(expected, |plan| {
        let routes = &mut plan.upstreams[1].routes;
        let mut all = routes[0].clone();
        all.name = "all".to_owned();
        all.settings.timeout.total = route_set(Total::Fixed(2 * SECOND), 90);
        routes.insert(0, all);
    });
}

#[test]
fn a_route_that_answers_by_itself_is_another_one() {
    let expected = "tightened   inventory/stock  call: forward -> respond 410  (order.amb:36): it reaches nobody";
    check(expected, |plan| {
        let reply = Reply { status: 410, headers: vec![], body: String::new() };
        plan.upstreams[1].routes[0].action = Action::Respond(route_set(reply, 36));
    });
}

#[test]
fn kinds_say_which_way_it_went() {
    let kind = |change: fn(&mut Plan)| {
        let changes = changed(change);
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes[0].kind
    };
    assert_eq!(kind(|plan| plan.otherwise.value = Otherwise::Reject), Kind::Tightened);
    assert_eq!(kind(|plan| stock_retry(plan).attempts.value = 2), Kind::Tightened);
    assert_eq!(kind(|plan| stock_retry(plan).attempts.value = 4), Kind::Weakened);
    assert_eq!(kind(|plan| stock_retry(plan).on.value.truncate(1)), Kind::Tightened);
    assert_eq!(kind(|plan| stock_retry(plan).buffer.value = 1 << 20), Kind::Weakened);
    assert_eq!(kind(|plan| stock_retry(plan).budget.value.ratio.0 = 1), Kind::Tightened);
    assert_eq!(kind(|plan| stock_retry(plan).backoff.value.cap = 50 * MS), Kind::Weakened);
    assert_eq!(kind(|plan| plan.upstreams[1].routes[0].settings.trace = None), Kind::Weakened);
    assert_eq!(kind(|plan| plan.upstreams[1].routes[0].settings.breaker = None), Kind::Weakened);
}

fn stock_retry(plan: &mut Plan) -> &mut amb_policy_lang::plan::Retry {
    plan.upstreams[1].routes[0].settings.retry.as_mut().unwrap()
}

#[test]
fn json_and_markdown_say_the_same() {
    let changes = changed(|plan| {
        plan.upstreams[1].routes[0].settings.timeout.connect = route_set(4 * SECOND, 36);
    });
    let json_text = r#"[
  {
    "kind": "weakened",
    "scope": "inventory/stock",
    "setting": "timeout.connect",
    "old": "3s",
    "new": "4s",
    "old_place": "language",
    "new_place": "order.amb:36",
    "example": null,
    "why": "a dead address is given up later"
  }
]
"#;
    assert_eq!(json(&changes), json_text);
    let table = "**1 weakened**\n\n\
        | | calls | setting | before | after | place |\n|---|---|---|---|---|---|\n\
        | **weakened**: a dead address is given up later | `` inventory/stock `` | `` timeout.connect `` \
        | `` 3s `` | `` 4s `` | `` language -> order.amb:36 `` |\n";
    assert_eq!(markdown(&changes), table);
    assert_eq!(markdown(&[]), "No call is treated differently.\n");
}

#[test]
fn no_value_and_no_place_tears_a_table() {
    let nasty = "a\n|\\|``` <!-- \u{1b}[2J`";
    let mut changes = changed(|plan| {
        plan.upstreams[1].routes[0].settings.timeout.connect = route_set(4 * SECOND, 36);
    });
    let [change] = changes.as_mut_slice() else { panic!("{changes:?}") };
    for text in [&mut change.old, &mut change.new, &mut change.new_place] {
        *text = Some(nasty.to_owned());
    }
    let table = markdown(&changes);
    let shown = "```` a\\n\\|\\\\u{7c}``` <!-- \\u{1b}[2J` ````";
    let place = "```` language -> a\\n\\|\\\\u{7c}``` <!-- \\u{1b}[2J` ````";
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.ends_with(&format!(" | {shown} | {shown} | {place} |\n")), "{table}");
}
