//! The interpreter on calls of gRPC: its own status, its own deadline, its own word for "later".

use std::time::Duration;

use amb_policy_lang::interpret::{
    Course, Refusal, Request, Scenario, Script, Start, Status, Trace, run,
};
use amb_policy_lang::plan::{
    Cause, GrpcCode, NonIdempotent, Plan, Protocol, Reply, ScriptedReply, ScriptedStep, Settings,
    Sourced, Total,
};

use crate::plans::{MS, order, route_set};

/// The stock is asked over gRPC, and a call may take half a second.
fn plan() -> Plan {
    let mut plan = order();
    plan.upstreams.truncate(2);
    let stock = plan.upstreams.remove(1);
    plan.upstreams = vec![stock];
    plan.upstreams[0].protocol = route_set(Protocol::Grpc, 30);
    plan.upstreams[0].routes.clear();
    let of = settings(&mut plan);
    of.timeout.total = route_set(Total::Deadline { max: 500 * MS }, 37);
    of.breaker = None;
    let retry = of.retry.as_mut().unwrap();
    let codes = [GrpcCode::Unavailable, GrpcCode::Internal];
    retry.on.value =
        [Cause::ConnectFailure, Cause::Reset].into_iter().chain(codes.map(Cause::Grpc)).collect();
    retry.backoff.value.base = MS;
    retry.backoff.value.cap = MS;
    plan
}

fn settings(plan: &mut Plan) -> &mut Settings {
    &mut plan.upstreams[0].settings
}

fn call(headers: &[(&str, &str)]) -> Request {
    let mut all = vec![("content-type", "application/grpc+proto"), ("te", "trailers")];
    all.extend(headers);
    Request {
        start: Start::AfterPrevious,
        method: "POST".to_owned(),
        host: "inventory.shop.svc".to_owned(),
        target: "/shop.v1.Stock/Get".to_owned(),
        headers: all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: 0,
        course: Course::Plain,
    }
}

fn step(reply: ScriptedReply) -> ScriptedStep {
    ScriptedStep { reply, after: Duration::ZERO, headers: vec![] }
}

fn answers(code: GrpcCode) -> ScriptedStep {
    step(ScriptedReply::Grpc(code))
}

fn pushes_back(value: &str) -> ScriptedStep {
    let headers = vec![("grpc-retry-pushback-ms".to_owned(), value.to_owned())];
    ScriptedStep { headers, ..answers(GrpcCode::Unavailable) }
}

fn played(plan: &Plan, request: Request, steps: Vec<ScriptedStep>) -> Trace {
    let scripts = vec![Script { upstream: "inventory".to_owned(), steps }];
    let fields = vec!["grpc-timeout".to_owned()];
    run(plan, &Scenario { seed: 7, requests: vec![request], scripts, fields })
}

/// Status, tries, and why there were no more.
fn outcome(trace: &Trace) -> (Status, u32, Option<Refusal>) {
    let last = trace.calls.last().unwrap();
    (last.said(), last.attempts, last.refusal)
}

fn field<'a>(trace: &'a Trace, name: &str) -> Option<&'a str> {
    let fields = &trace.calls.last().unwrap().response;
    fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

const OK: Status = Status::Grpc(GrpcCode::Ok);

#[test]
fn codes_that_decline_are_repeated_and_others_need_a_reason() {
    let mut plan = plan();
    let ends_well = |code| vec![answers(code), answers(GrpcCode::Ok)];
    for (code, expect) in [
        (GrpcCode::Unavailable, (OK, 2, None)),
        (GrpcCode::Internal, (Status::Grpc(GrpcCode::Internal), 1, Some(Refusal::Unsafe))),
        (GrpcCode::NotFound, (Status::Grpc(GrpcCode::NotFound), 1, Some(Refusal::NotListed))),
        (GrpcCode::Ok, (OK, 1, None)),
    ] {
        assert_eq!(outcome(&played(&plan, call(&[]), ends_well(code))), expect, "{code}");
    }
    let retry = settings(&mut plan).retry.as_mut().unwrap();
    retry.non_idempotent.value = NonIdempotent::Always { because: "it only reads".to_owned() };
    assert_eq!(outcome(&played(&plan, call(&[]), ends_well(GrpcCode::Internal))), (OK, 2, None));
}

#[test]
fn what_never_arrived_is_repeated_and_what_may_have_is_not() {
    let plan = plan();
    let refused = vec![step(ScriptedReply::Refused), answers(GrpcCode::Ok)];
    assert_eq!(outcome(&played(&plan, call(&[]), refused)), (OK, 2, None));
    let reset = vec![step(ScriptedReply::Reset), answers(GrpcCode::Ok)];
    let internal = Status::Grpc(GrpcCode::Internal);
    assert_eq!(outcome(&played(&plan, call(&[]), reset)), (internal, 1, Some(Refusal::Unsafe)));
}

#[test]
fn pushback_is_waited_for_or_ends_the_tries() {
    let plan = plan();
    for (value, expect) in [
        ("100", (OK, 2, None)),
        ("-1", (Status::Grpc(GrpcCode::Unavailable), 1, Some(Refusal::Pushback))),
        ("soon", (Status::Grpc(GrpcCode::Unavailable), 1, Some(Refusal::Pushback))),
        ("60000", (Status::Grpc(GrpcCode::Unavailable), 1, Some(Refusal::Pushback))),
        ("500", (Status::Grpc(GrpcCode::Unavailable), 1, Some(Refusal::Deadline))),
    ] {
        let trace = played(&plan, call(&[]), vec![pushes_back(value), answers(GrpcCode::Ok)]);
        let waited = trace.calls[0].elapsed;
        assert!(value != "100" || (100 * MS..=101 * MS).contains(&waited), "{waited:?}");
        assert_eq!(outcome(&trace), expect, "{value}");
    }
}

#[test]
fn each_try_says_how_much_time_is_left() {
    let mut plan = plan();
    let late = |step: ScriptedStep| ScriptedStep { after: 50 * MS, ..step };
    let steps = vec![late(answers(GrpcCode::Unavailable)), answers(GrpcCode::Ok)];
    let said = |plan: &Plan, timeout: &str| {
        let trace = played(plan, call(&[("grpc-timeout", timeout)]), steps.clone()).to_string();
        let lines = trace.lines().filter_map(|line| line.split_once("field grpc-timeout: "));
        lines.map(|(_, value)| value.to_owned()).collect::<Vec<_>>()
    };
    let first = |plan: &Plan, timeout: &str| said(plan, timeout).first().cloned();
    assert_eq!(first(&plan, "200m").as_deref(), Some("200m"));
    assert_eq!(first(&plan, "2S").as_deref(), Some("500m"));
    assert_eq!(first(&plan, "99999999H").as_deref(), Some("500m"));
    let second = said(&plan, "200m").pop().unwrap();
    assert!(["149m", "150m"].contains(&second.as_str()), "{second}");
    // What the caller said is passed on even if nothing of ours bounds the call.
    settings(&mut plan).timeout.total = route_set(Total::Off, 37);
    assert_eq!(first(&plan, "99999999H").as_deref(), Some("99999999S"));
    assert_eq!(first(&plan, "2S").as_deref(), Some("2000m"));
    let nothing = played(&plan, call(&[]), steps.clone()).to_string();
    assert!(!nothing.contains("grpc-timeout"), "{nothing}");
}

#[test]
fn the_callers_deadline_is_ours() {
    let plan = plan();
    let never = vec![step(ScriptedReply::Timeout)];
    for (timeout, expect) in [
        ("80m", 80 * MS),
        ("80000u", 80 * MS),
        ("1H", 500 * MS),
        ("1x", 500 * MS),
        ("0m", Duration::ZERO),
    ] {
        let trace = played(&plan, call(&[("grpc-timeout", timeout)]), never.clone());
        assert_eq!(outcome(&trace).0, Status::Grpc(GrpcCode::DeadlineExceeded), "{timeout}");
        assert_eq!(trace.calls[0].elapsed, expect, "{timeout}");
    }
    // Of a request that is none of gRPC it is just a field.
    let mut plain = call(&[("grpc-timeout", "80m")]);
    plain.headers.remove(0);
    let trace = played(&plan, plain, never);
    assert_eq!((outcome(&trace).0, trace.calls[0].elapsed), (Status::Http(504), 500 * MS));
}

#[test]
fn our_own_answers_are_those_of_grpc() {
    let mut plan = plan();
    let trace = played(&plan, call(&[]), vec![step(ScriptedReply::Refused)]);
    assert_eq!(trace.calls[0].status, 200);
    assert_eq!(field(&trace, "content-type"), Some("application/grpc"));
    assert_eq!(field(&trace, "grpc-status"), Some("14"));
    assert_eq!(field(&trace, "grpc-message"), Some("connection refused"));
    assert_eq!(field(&trace, "proxy-status"), Some("amb; error=connection_refused"));
    let reply = Reply { status: 404, headers: vec![], body: "not 100%\n".to_owned() };
    settings(&mut plan).fallback = Some(Sourced::language(reply));
    let trace = played(&plan, call(&[]), vec![step(ScriptedReply::Refused)]);
    assert_eq!(field(&trace, "grpc-status"), Some("12"));
    assert_eq!(field(&trace, "grpc-message"), Some("not 100%25"));
    let mut unknown = call(&[]);
    unknown.host = "nobody.shop.svc".to_owned();
    plan.otherwise.value = amb_policy_lang::plan::Otherwise::Reject;
    let trace = played(&plan, unknown, vec![]);
    assert_eq!(outcome(&trace).0, Status::Grpc(GrpcCode::Unimplemented));
}

#[test]
fn a_breaker_counts_codes() {
    let mut plan = order();
    plan.upstreams[1].protocol = route_set(Protocol::Grpc, 30);
    plan.upstreams[1].routes.clear();
    let of = &mut plan.upstreams[1].settings;
    of.retry = None;
    let breaker = of.breaker.as_mut().unwrap();
    breaker.counts.value = vec![Cause::Grpc(GrpcCode::Internal)];
    let played = |code: GrpcCode| {
        let scripts = vec![Script { upstream: "inventory".to_owned(), steps: vec![answers(code)] }];
        let requests = vec![call(&[]); 6];
        run(&plan, &Scenario { seed: 7, requests, scripts, fields: vec![] })
    };
    let open = played(GrpcCode::Internal);
    assert_eq!(open.requests["inventory"], 5);
    assert_eq!(outcome(&open).0, Status::Grpc(GrpcCode::Unavailable));
    assert_eq!(played(GrpcCode::NotFound).requests["inventory"], 6);
    assert_eq!(played(GrpcCode::ResourceExhausted).requests["inventory"], 6);
}
