//! Differences between plans: the effective values, each once, and what they mean.

use amb_policy_lang::diff::{Change, Kind, diff, json, text};
use amb_policy_lang::plan::{Action, Otherwise, Plan, Reply, Sourced, Total};

use crate::plans::{MS, SECOND, matching, order, own, retry, route, route_set, settings, upstream};

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
    let notify = "weakened   notification/notify  retry: none -> attempts 3; on connect-failure, 429, 503; \
        methods GET, HEAD, OPTIONS, TRACE; non-idempotent never; backoff full-jitter 100ms..30s; \
        retry-after honour up to 5s; budget 20% min 1/s; buffer 64KiB  (acme.amb:9 (baseline))";
    let expected = format!(
        "tightened  payment/charge  timeout.total: 2s -> 1s  (order.amb:22): callers wait less long
        weakened   inventory/stock  headers.request.remove: \"x-internal-debug\" -> none  (acme.amb:25 (baseline)): the field reaches the other side again
        {notify}: a failed call may be sent again"
    );
    check(&expected, |plan| {
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
        "weakened   *  timeout.connect: 1s -> 2s  (language): a dead address is given up later",
        |plan| {
            for upstream in &mut plan.upstreams {
                upstream.settings.timeout.connect.value = 2 * SECOND;
                for route in &mut upstream.routes {
                    route.settings.timeout.connect.value = 2 * SECOND;
                }
            }
        },
    );
    check(
        "weakened   payment/*  timeout.connect: 1s -> 2s  (language): a dead address is given up later",
        |plan| {
            plan.upstreams[0].settings.timeout.connect.value = 2 * SECOND;
            plan.upstreams[0].routes[0].settings.timeout.connect.value = 2 * SECOND;
        },
    );
}

#[test]
fn upstreams_and_routes_come_and_go() {
    let expected = "removed    inventory/stock  route: GET /v1/stock/{sku}  (order.amb:35)
        added      billing  upstream: billing.shop.svc:8080  (order.amb:70)
        removed    payment  upstream: payment.shop.svc:8080  (order.amb:17)";
    check(expected, |plan| {
        plan.upstreams.remove(0);
        plan.upstreams[0].routes.remove(0);
        plan.upstreams.push(upstream("billing", 70, vec![]));
    });
}

#[test]
fn the_order_of_routes_is_part_of_their_meaning() {
    let expected =
        "changed    inventory  route.order: stock, reserve -> reserve, stock  (order.amb:32)";
    check(expected, |plan| plan.upstreams[1].routes.reverse());
}

#[test]
fn a_route_that_answers_by_itself_is_another_one() {
    let expected = "added      inventory/stock  respond: 410  (order.amb:36)";
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
    assert_eq!(kind(|plan| plan.upstreams[1].routes[0].settings.trace = None), Kind::Removed);
    assert_eq!(kind(|plan| plan.upstreams[1].routes[0].settings.breaker = None), Kind::Weakened);
}

fn stock_retry(plan: &mut Plan) -> &mut amb_policy_lang::plan::Retry {
    plan.upstreams[1].routes[0].settings.retry.as_mut().unwrap()
}

#[test]
fn json_says_the_same() {
    let changes = changed(|plan| {
        let line = matching(&[], &[], 90);
        plan.upstreams[0].routes.push(route("root", 90, vec![line], settings()));
        plan.upstreams[0].place = own(17);
    });
    let expected = r#"[
  {
    "kind": "added",
    "scope": "payment/root",
    "setting": "route",
    "old": null,
    "new": "/",
    "origin": "order.amb:90",
    "why": null
  }
]
"#;
    assert_eq!(json(&changes), expected);
}
