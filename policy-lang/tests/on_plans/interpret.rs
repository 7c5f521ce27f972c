//! The interpreter on single calls and on sequences: one plan, one script, the trace expected.

use std::time::Duration;

use amb_policy_lang::interpret::{
    Course, Refusal, Request, Scenario, Script, Start, run, run_covered,
};
use amb_policy_lang::plan::{
    Action, Backoff, BackoffKind, Breaker, BreakerScope, Budget, Cause, HeaderEdit, HeaderOp,
    HeaderValue, HostPattern, NonIdempotent, OpenFor, Otherwise, Percent, Plan, Rate, Reply, Retry,
    ScriptedReply, ScriptedStep, Settings, Sourced, Total, TripRule,
};

use crate::plans::{MS, SECOND, order, own, route_set, status};

const CHARGE: (&str, &str, &str) = ("POST", "payment.shop.svc", "/v1/charges");
const STOCK: (&str, &str, &str) = ("GET", "inventory.shop.svc:8080", "/v1/stock/7?x=1");
const RESERVE: (&str, &str, &str) = ("PUT", "inventory.shop.svc", "/v1/reservations/7");

pub(crate) fn request((method, host, target): (&str, &str, &str)) -> Request {
    Request {
        start: Start::AfterPrevious,
        method: method.to_owned(),
        host: host.to_owned(),
        target: target.to_owned(),
        headers: vec![],
        body: 0,
        course: Course::Plain,
    }
}

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

fn replies(status: u16) -> ScriptedStep {
    ScriptedStep { reply: ScriptedReply::Status(status), after: Duration::ZERO, headers: vec![] }
}

fn does(reply: ScriptedReply) -> ScriptedStep {
    ScriptedStep { reply, after: Duration::ZERO, headers: vec![] }
}

fn after(step: ScriptedStep, after: Duration) -> ScriptedStep {
    ScriptedStep { after, ..step }
}

fn scenario(requests: Vec<Request>, upstream: &str, steps: Vec<ScriptedStep>) -> Scenario {
    let scripts = vec![Script { upstream: upstream.to_owned(), steps }];
    Scenario { seed: 7, requests, scripts, fields: vec![] }
}

fn stock(plan: &mut Plan) -> &mut Settings {
    &mut plan.upstreams[1].routes[0].settings
}

fn retry(settings: &mut Settings) -> &mut Retry {
    settings.retry.as_mut().unwrap()
}

fn breaker(settings: &mut Settings) -> &mut Breaker {
    settings.breaker.as_mut().unwrap()
}

fn fixed(settings: &mut Settings, wait: Duration) {
    retry(settings).backoff.value = Backoff { kind: BackoffKind::Fixed, base: wait, cap: wait };
}

fn check(plan: &Plan, scenario: &Scenario, expected: &str) {
    let trace = run(plan, scenario).to_string();
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(trace, expected, "{trace}");
}

/// Runs one request; status, tries, elapsed milliseconds, refusal.
fn one(plan: &Plan, request: Request, upstream: &str, steps: Vec<ScriptedStep>) -> String {
    let trace = run(plan, &scenario(vec![request], upstream, steps));
    let call = trace.calls.last().unwrap();
    let refusal = call.refusal.map(|refusal| refusal.to_string());
    let (source, elapsed) = (call.source.unwrap(), call.elapsed.as_millis());
    format!(
        "{} {source} {} {elapsed}ms {}",
        call.status,
        call.attempts,
        refusal.unwrap_or_default()
    )
    .trim()
    .to_owned()
}

#[test]
fn a_charge_with_a_key_is_sent_twice() {
    let mut plan = order();
    fixed(&mut plan.upstreams[0].routes[0].settings, 100 * MS);
    let charge = with(request(CHARGE), "Idempotency-Key", "k-1");
    let steps = vec![after(replies(503), 20 * MS), replies(201)];
    let expected = "0ms call 1 starts POST payment.shop.svc /v1/charges
        0ms call 1 route payment/charge
        0ms call 1 try 1 payment
        20ms call 1 try 1 payment -> 503
        20ms call 1 wait 100ms
        120ms call 1 try 2 payment
        120ms call 1 try 2 payment -> 201
        120ms call 1 ends 201 upstream elapsed 120ms";
    check(&plan, &scenario(vec![charge], "payment", steps), expected);
}

#[test]
fn each_refusal_has_its_name() {
    let charge = || request(CHARGE);
    let refuse = |status, request| one(&order(), request, "payment", vec![replies(status)]);
    assert_eq!(refuse(503, charge()), "503 upstream 1 0ms unsafe");
    assert_eq!(refuse(500, charge()), "500 upstream 1 0ms not-listed");
    assert_eq!(refuse(200, charge()), "200 upstream 1 0ms");
    let keyed = Request { body: 65_537, ..with(charge(), "idempotency-key", "1") };
    assert_eq!(refuse(503, keyed.clone()), "503 upstream 1 0ms body");
    let mut pushed = replies(503);
    pushed.headers = vec![("Retry-After".to_owned(), "6".to_owned())];
    let keyed = Request { body: 65_536, ..keyed };
    assert_eq!(
        one(&order(), keyed.clone(), "payment", vec![pushed.clone()]),
        "503 upstream 1 0ms pushback"
    );
    pushed.headers[0].1 = "2".to_owned();
    assert_eq!(
        one(&order(), keyed.clone(), "payment", vec![pushed]),
        "503 upstream 1 0ms deadline"
    );
    assert!(refuse(503, keyed).ends_with("attempts"));
}

#[test]
fn a_refused_connection_is_repeated_for_any_method() {
    let mut plan = order();
    fixed(&mut plan.upstreams[0].routes[0].settings, MS);
    let steps = vec![does(ScriptedReply::Refused), replies(201)];
    let big = Request { body: 1 << 20, ..request(CHARGE) };
    assert_eq!(one(&plan, big, "payment", steps), "201 upstream 2 1ms");
}

#[test]
fn without_any_response_the_answer_is_ours() {
    let mut plan = order();
    plan.upstreams[1].routes[0].settings.retry = None;
    let ends = |step| one(&plan, request(STOCK), "inventory", vec![step]);
    assert_eq!(ends(does(ScriptedReply::Refused)), "502 proxy 1 0ms");
    assert_eq!(ends(does(ScriptedReply::Reset)), "502 proxy 1 0ms");
    assert_eq!(ends(does(ScriptedReply::Timeout)), "504 proxy 1 250ms");
    assert_eq!(ends(after(replies(200), 250 * MS)), "200 upstream 1 250ms");
    assert_eq!(ends(after(replies(200), 251 * MS)), "504 proxy 1 250ms");
}

#[test]
fn a_connect_that_takes_too_long_has_failed_unseen() {
    let mut plan = order();
    stock(&mut plan).timeout.connect.value = 100 * MS;
    fixed(stock(&mut plan), MS);
    let steps = vec![after(does(ScriptedReply::Refused), SECOND), replies(200)];
    assert_eq!(one(&plan, request(STOCK), "inventory", steps), "200 upstream 2 101ms");
}

#[test]
fn an_earlier_response_is_better_than_none() {
    let mut plan = order();
    fixed(stock(&mut plan), MS);
    let steps = vec![replies(503), does(ScriptedReply::Reset)];
    assert_eq!(one(&plan, request(STOCK), "inventory", steps), "503 upstream 2 1ms not-listed");
}

#[test]
fn the_fallback_stands_in_for_our_own_answers_only() {
    let notify = || request(("POST", "notification.shop.svc", "/v1/notifications"));
    let plan = order();
    let slow = after(replies(200), 3 * SECOND);
    assert_eq!(one(&plan, notify(), "notification", vec![slow]), "202 policy 1 500ms");
    assert_eq!(one(&plan, notify(), "notification", vec![replies(503)]), "503 upstream 1 0ms");
}

#[test]
fn a_timeout_costs_two_of_the_budget() {
    let mut plan = order();
    let of = stock(&mut plan);
    fixed(of, MS);
    retry(of).on.value = vec![Cause::Timeout, status(503)];
    retry(of).budget.value.floor.count = 0;
    let calls = |count| vec![request(STOCK); count];
    let late = || does(ScriptedReply::Timeout);
    // A fifth of nine calls is less than two tokens, a fifth of ten is two.
    let mut steps = vec![replies(200); 8];
    steps.push(late());
    let trace = run(&plan, &scenario(calls(9), "inventory", steps.clone()));
    assert_eq!(trace.calls[8].attempts, 1);
    steps.insert(0, replies(200));
    steps.push(replies(200));
    let trace = run(&plan, &scenario(calls(10), "inventory", steps));
    assert_eq!(trace.calls[9].attempts, 2);
}

#[test]
fn five_failures_in_a_row_open_the_breaker() {
    let trace =
        run(&order(), &scenario(vec![request(RESERVE); 6], "inventory", vec![replies(500)]));
    assert_eq!(trace.requests["inventory"], 5);
    assert_eq!(trace.calls[5].status, 503);
    assert_eq!(trace.calls[5].attempts, 0);
    assert_eq!(trace.breakers["inventory"].to_string(), "open");
    let answer = &trace.calls[5].response;
    assert!(answer.contains(&("retry-after".to_owned(), "30".to_owned())), "{answer:?}");
    assert!(trace.to_string().contains("0ms breaker inventory open 30000ms\n"));
}

#[test]
fn a_probe_closes_or_opens_again_for_twice_as_long() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    breaker(of).open_for.value = OpenFor::Doubling { first: SECOND, last: 3 * SECOND };
    breaker(of).rules = vec![route_set(TripRule::ConsecutiveFailures { count: 1 }, 1)];
    let at = |time| Request { start: Start::At(time), ..request(RESERVE) };
    let requests = (0..8).map(|number| at(number * 2 * SECOND)).collect();
    let steps = vec![replies(500), replies(500), replies(429), replies(200)];
    let trace = run(&plan, &scenario(requests, "inventory", steps)).to_string();
    let changes: Vec<_> = trace.lines().filter(|line| line.contains("breaker inventory")).collect();
    let openings: Vec<u64> = changes
        .iter()
        .filter_map(|line| line.split_once(" open ")?.1.strip_suffix("ms")?.parse().ok())
        .collect();
    assert_eq!(openings.len(), 3, "{trace}");
    for (opening, base) in openings.iter().zip([1000, 2000, 3000]) {
        assert!((base - base / 10..=base + base / 10).contains(opening), "{opening} of {base}");
    }
    assert!(changes.last().unwrap().ends_with("closed"), "{trace}");
}

#[test]
fn only_so_many_probes_are_in_flight() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    breaker(of).rules = vec![route_set(TripRule::ConsecutiveFailures { count: 1 }, 1)];
    breaker(of).open_for.value = OpenFor::Fixed(SECOND);
    breaker(of).probes.value = 2;
    let start = |start| Request { start, ..request(RESERVE) };
    let mut requests = vec![start(Start::AfterPrevious), start(Start::At(SECOND))];
    requests.extend(vec![start(Start::AfterStart(MS)); 3]);
    let steps = vec![replies(500), after(replies(200), 100 * MS)];
    let trace = run(&plan, &scenario(requests, "inventory", steps));
    let statuses: Vec<_> = trace.calls.iter().map(|call| call.status).collect();
    assert_eq!(statuses, [500, 200, 200, 503, 503], "{trace}");
    assert_eq!(trace.breakers["inventory"].to_string(), "closed");
}

#[test]
fn a_route_with_its_own_breaker_leaves_the_others_alone() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    breaker(of).scope = BreakerScope::Route;
    let mut requests = vec![request(RESERVE); 6];
    requests.push(request(STOCK));
    let mut steps = vec![replies(500); 5];
    steps.push(replies(200));
    let trace = run(&plan, &scenario(requests, "inventory", steps));
    assert_eq!(trace.calls[6].status, 200);
    assert_eq!(trace.breakers["inventory/reserve"].to_string(), "open");
}

#[test]
fn the_breaker_gives_the_token_back() {
    let mut plan = order();
    let floor = Rate { count: 1, per: 10 * SECOND };
    let inventory = &mut plan.upstreams[1];
    for of in [&mut inventory.routes[0].settings, &mut inventory.settings] {
        fixed(of, MS);
        retry(of).budget.value = Budget { ratio: Percent(0), floor };
    }
    inventory.settings.breaker = None;
    let of = &mut inventory.routes[0].settings;
    breaker(of).scope = BreakerScope::Route;
    breaker(of).rules = vec![route_set(TripRule::ConsecutiveFailures { count: 1 }, 1)];
    let other = || request(("GET", "inventory.shop.svc", "/"));
    let calls = vec![request(STOCK), other(), other()];
    let trace = run(&plan, &scenario(calls, "inventory", vec![replies(503)]));
    let ends: Vec<_> = trace.calls.iter().map(|call| (call.attempts, call.refusal)).collect();
    // The only token goes to the second call, as the first one's came back; the third has none.
    let expected = [Refusal::Breaker, Refusal::Budget, Refusal::Budget].map(Some);
    assert_eq!(ends, [1, 2, 1].into_iter().zip(expected).collect::<Vec<_>>(), "{trace}");
}

#[test]
fn the_budget_looks_back_ten_slots() {
    let mut plan = order();
    let of = stock(&mut plan);
    fixed(of, MS);
    of.breaker = None;
    retry(of).attempts.value = 2;
    let floor = Rate { count: 1, per: 5 * SECOND };
    retry(of).budget.value = Budget { ratio: Percent(0), floor };
    let at = |millis: u32| Request { start: Start::At(millis * MS), ..request(STOCK) };
    let calls = [0, 500, 9_998, 10_000, 10_500, 11_000].map(at).to_vec();
    let trace = run(&plan, &scenario(calls, "inventory", vec![replies(503)]));
    let tries: Vec<_> = trace.calls.iter().map(|call| call.attempts).collect();
    assert_eq!(tries, [2, 2, 1, 2, 2, 1], "{trace}");
}

#[test]
fn a_try_from_before_the_trip_has_no_say() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    breaker(of).rules = vec![route_set(TripRule::ConsecutiveFailures { count: 1 }, 1)];
    breaker(of).open_for.value = OpenFor::Fixed(SECOND);
    let at = |millis: u32| Request { start: Start::At(millis * MS), ..request(RESERVE) };
    let slow = |status, time: u32| after(replies(status), time * MS);
    let steps = vec![slow(200, 2_000), slow(500, 3_000), replies(500), slow(200, 1_000)];
    let calls = [0, 1, 10, 1_500, 2_100].map(at).to_vec();
    let trace = run(&plan, &scenario(calls, "inventory", steps));
    let changes: Vec<_> = trace
        .to_string()
        .lines()
        .filter(|line| line.contains(" breaker "))
        .map(str::to_owned)
        .collect();
    let expected = [
        "10ms breaker inventory open 1000ms",
        "1500ms breaker inventory half-open",
        "2500ms breaker inventory closed",
    ];
    // The success at 2000ms is no probe's, and the failure at 3001ms is not of this state.
    assert_eq!(
        changes.iter().filter(|line| !line.contains("refused")).collect::<Vec<_>>(),
        expected
    );
    assert_eq!(trace.calls[4].attempts, 0, "{trace}");
}

#[test]
fn a_failure_rate_waits_for_its_samples() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    let rule = TripRule::FailureRate { ratio: Percent(500_000), samples: 4, within: 10 * SECOND };
    breaker(of).rules = vec![route_set(rule, 1)];
    let steps = vec![replies(500), replies(429), replies(200), replies(200)];
    let trace = run(&plan, &scenario(vec![request(RESERVE); 5], "inventory", steps));
    assert_eq!(trace.calls[4].attempts, 0, "{trace}");
    assert_eq!(trace.calls[3].attempts, 1, "{trace}");
}

#[test]
fn old_failures_are_forgotten() {
    let mut plan = order();
    let of = &mut plan.upstreams[1].routes[1].settings;
    let rule = TripRule::Failures { count: 2, within: SECOND };
    breaker(of).rules = vec![route_set(rule, 1)];
    let calls = |every| {
        let again = Request { start: Start::AfterStart(every), ..request(RESERVE) };
        vec![request(RESERVE), again.clone(), again]
    };
    let statuses = |every| {
        let trace = run(&plan, &scenario(calls(every), "inventory", vec![replies(500)]));
        trace.calls.iter().map(|call| call.attempts).collect::<Vec<_>>()
    };
    assert_eq!(statuses(999 * MS), [1, 1, 0]);
    assert_eq!(statuses(SECOND), [1, 1, 1]);
}

#[test]
fn the_callers_deadline_shortens_the_total() {
    let mut plan = order();
    let of = stock(&mut plan);
    of.timeout.total.value = Total::Deadline { max: SECOND };
    of.timeout.per_try = None;
    let asks = |value| with(request(STOCK), "x-request-timeout", value);
    let late = || vec![does(ScriptedReply::Timeout)];
    let ended = |value| one(&plan, asks(value), "inventory", late());
    assert_eq!(ended("0.2"), "504 proxy 1 200ms not-listed");
    assert_eq!(ended("300ms"), "504 proxy 1 300ms not-listed");
    assert_eq!(ended("7s"), "504 proxy 1 1000ms not-listed");
    assert_eq!(ended("soon"), "504 proxy 1 1000ms not-listed");
    assert_eq!(ended("0"), "504 proxy 0 0ms");
}

#[test]
fn hosts_are_found_exactly_then_by_wildcard() {
    let mut plan = order();
    let any = HostPattern::Suffix(".shop.svc".to_owned());
    plan.upstreams[2].hosts.push(route_set(any, 1));
    let upstream = |host: &str| {
        let call = request(("GET", host, "/"));
        run(&plan, &scenario(vec![call], "none", vec![])).calls[0].upstream.clone()
    };
    assert_eq!(upstream("PAYMENT.shop.svc:443"), "payment");
    assert_eq!(upstream("a.b.shop.svc"), "notification");
    assert_eq!(upstream("shop.svc"), "otherwise");
    assert_eq!(upstream("payment.shop.svc.example"), "otherwise");
}

#[test]
fn paths_are_compared_by_segment() {
    let plan = order();
    let route = |target: &str| {
        let call = request(("GET", "inventory.shop.svc", target));
        run(&plan, &scenario(vec![call], "none", vec![])).calls[0].route.clone()
    };
    assert_eq!(route("/v1/stock/7").as_deref(), Some("stock"));
    assert_eq!(route("/v1/stock/7?a=/b").as_deref(), Some("stock"));
    for other in ["/v1/stock/", "/v1/stock", "/v1/stock/7/", "/V1/stock/7", "//v1/stock/7", "*"] {
        assert_eq!(route(other), None, "{other}");
    }
}

#[test]
fn unknown_hosts_pass_or_are_rejected() {
    let mut plan = order();
    let call = || request(("GET", "example.com", "/"));
    assert_eq!(one(&plan, call(), "none", vec![]), "200 upstream 1 0ms");
    plan.otherwise =
        Sourced::written(Otherwise::Reject, amb_policy_lang::plan::Layer::File, own(64));
    assert_eq!(one(&plan, call(), "none", vec![]), "404 proxy 0 0ms");
}

#[test]
fn a_route_can_answer_by_itself() {
    let mut plan = order();
    let reply = Reply { status: 410, headers: vec![], body: "gone".to_owned() };
    plan.upstreams[1].routes[0].action = Action::Respond(route_set(reply, 36));
    assert_eq!(one(&plan, request(STOCK), "inventory", vec![]), "410 policy 0 0ms");
}

#[test]
fn header_edits_run_once_and_identifiers_stay() {
    let mut plan = order();
    let of = stock(&mut plan);
    fixed(of, MS);
    let edit = |op, name: &str| route_set(HeaderEdit { op, name: name.to_owned() }, 1);
    let text = |text: &str| HeaderValue::Text(text.to_owned());
    of.request_headers = vec![
        edit(HeaderOp::Add(text("a")), "x-seen"),
        edit(HeaderOp::Set(HeaderValue::Header("absent".to_owned())), "x-copy"),
        edit(HeaderOp::Default(text("none")), "x-tenant"),
        edit(HeaderOp::Set(HeaderValue::RequestId), "x-id"),
        edit(HeaderOp::Remove, "x-internal-debug"),
    ];
    of.response_headers = vec![edit(HeaderOp::Set(HeaderValue::UpstreamName), "x-from")];
    let call = with(with(request(STOCK), "X-Tenant", "blue"), "x-internal-debug", "1");
    let mut scenario = scenario(vec![call], "inventory", vec![replies(503), replies(200)]);
    let names = ["x-seen", "x-copy", "x-tenant", "x-id", "x-internal-debug", "x-amb-attempt"];
    scenario.fields = names.map(str::to_owned).to_vec();
    let trace = run(&plan, &scenario);
    let id = trace.calls[0].request.iter().find(|(name, _)| name == "x-correlation-id").unwrap();
    let fields: Vec<_> = trace.to_string().lines().map(str::to_owned).collect();
    let fields: Vec<_> = fields.iter().filter_map(|line| line.split_once(" field ")).collect();
    let expected = |attempt: &str| {
        ["x-seen: a", "x-tenant: blue"].map(|field| format!("{attempt}{field}")).to_vec()
    };
    let text: Vec<_> = fields.iter().map(|(_, field)| (*field).to_owned()).collect();
    let id = format!("x-id: {}", id.1);
    let mut wanted = expected("");
    wanted.push(id.clone());
    wanted.extend(expected(""));
    wanted.extend([id, "x-amb-attempt: 2".to_owned()]);
    assert_eq!(text, wanted);
    assert!(trace.calls[0].response.contains(&("x-from".to_owned(), "inventory".to_owned())));
}

#[test]
fn an_http_date_is_a_retry_after_too() {
    let mut plan = order();
    let of = stock(&mut plan);
    of.timeout.total.value = Total::Fixed(5 * SECOND);
    fixed(of, MS);
    let mut step = replies(503);
    step.headers = vec![("retry-after".to_owned(), "Thu, 01 Jan 2026 00:00:02 GMT".to_owned())];
    let ended = one(&plan, request(STOCK), "inventory", vec![step, replies(200)]);
    assert_eq!(ended, "200 upstream 2 2001ms");
    // Seconds that no number of ours has room for are a long time.
    let mut step = replies(503);
    step.headers = vec![("retry-after".to_owned(), "9".repeat(20))];
    let ended = one(&plan, request(STOCK), "inventory", vec![step, replies(200)]);
    assert_eq!(ended, "503 upstream 1 0ms pushback");
}

#[test]
fn what_decided_is_covered_and_the_rest_is_missed() {
    let plan = order();
    let charge = with(request(CHARGE), "idempotency-key", "k");
    let covered = run_covered(&plan, &scenario(vec![charge], "payment", vec![replies(503)]));
    let exercised = &covered.coverage.exercised;
    assert!([21, 26, 27].iter().all(|line| exercised.contains(&own(*line))), "{exercised:?}");
    let missed = covered.coverage.missed(&plan);
    assert!(missed.contains(&own(36)) && !missed.contains(&own(27)), "{missed:?}");
}

#[test]
fn always_repeats_any_method() {
    let mut plan = order();
    let of = &mut plan.upstreams[0].routes[0].settings;
    fixed(of, MS);
    let because = "the ledger deduplicates".to_owned();
    retry(of).non_idempotent.value = NonIdempotent::Always { because };
    let ended = one(&plan, request(CHARGE), "payment", vec![replies(503), replies(201)]);
    assert_eq!(ended, "201 upstream 2 1ms");
}
