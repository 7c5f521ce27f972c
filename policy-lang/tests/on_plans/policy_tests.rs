//! Tests that stand in a policy: what is compared, and how a failure is told.

use std::time::Duration;

use amb_policy_lang::interpret::run_test;
use amb_policy_lang::plan::{
    CodeRange, Expect, ExpectValue, Given, Operator, ScriptedReply, ScriptedStep, Subject, Test,
    TestRequest,
};

use crate::plans::{MS, order, own};

fn charge_twice() -> Test {
    let step = |status| ScriptedStep {
        reply: ScriptedReply::Status(status),
        after: Duration::ZERO,
        headers: vec![],
    };
    Test {
        name: "a charge with a key is retried".to_owned(),
        place: own(80),
        docs: vec![],
        requests: vec![TestRequest {
            place: own(81),
            method: "POST".to_owned(),
            host: "payment.shop.svc".to_owned(),
            target: "/v1/charges".to_owned(),
            grpc: false,
            times: 1,
            every: None,
            headers: vec![("idempotency-key".to_owned(), "k".to_owned())],
            body: 10,
        }],
        given: vec![Given {
            place: own(82),
            upstream: "payment".to_owned(),
            replies: vec![step(503), step(201)],
        }],
        expects: vec![],
    }
}

fn expecting(expects: Vec<(Subject, Operator, ExpectValue)>) -> Test {
    let mut test = charge_twice();
    let expect =
        |(line, (subject, operator, value))| Expect { place: own(line), subject, operator, value };
    test.expects = (90..).zip(expects).map(expect).collect();
    test
}

#[test]
fn every_subject_can_be_compared() {
    use ExpectValue::{Duration, DurationRange, Integer, IntegerRange, Name, Statuses, Text};
    let header = |name: &str| Subject::Header(name.to_owned());
    let payment = || "payment".to_owned();
    let test = expecting(vec![
        (Subject::Status, Operator::Equal, Integer(201)),
        (Subject::Status, Operator::In, Statuses(vec![CodeRange { first: 200, last: 299 }])),
        (Subject::Status, Operator::NotEqual, Statuses(vec![CodeRange { first: 500, last: 599 }])),
        (Subject::Attempts, Operator::GreaterOrEqual, Integer(2)),
        (Subject::Attempts, Operator::In, IntegerRange(2, 3)),
        (Subject::Elapsed, Operator::Less, Duration(201 * MS)),
        (Subject::Elapsed, Operator::In, DurationRange(MS, 200 * MS)),
        (Subject::Route, Operator::Equal, Name("charge".to_owned())),
        (Subject::Breaker { upstream: payment() }, Operator::Equal, Name("closed".to_owned())),
        (Subject::Requests { upstream: payment() }, Operator::Equal, Integer(2)),
        (header("x-amb-attempt"), Operator::Equal, Text("2".to_owned())),
        (header("x-absent"), Operator::NotEqual, Text(String::new())),
        (
            Subject::ResponseHeader("content-length".to_owned()),
            Operator::Equal,
            Text("0".to_owned()),
        ),
    ]);
    let plan = order();
    let outcome = run_test(&plan, &test, 1);
    assert!(outcome.passed, "{}", outcome.render(&plan, &test));
    assert_eq!(outcome.render(&plan, &test), "ok      a charge with a key is retried\n");
}

#[test]
fn a_failure_is_told_with_what_happened() {
    let plan = order();
    let test = expecting(vec![
        (Subject::Status, Operator::Equal, ExpectValue::Integer(503)),
        (
            Subject::Header("x-absent".to_owned()),
            Operator::Equal,
            ExpectValue::Text("a".to_owned()),
        ),
    ]);
    let text = run_test(&plan, &test, 1).render(&plan, &test);
    let expected = "FAILED  a charge with a key is retried (order.amb:80)
  order.amb:90: expected status == 503, was 201
  order.amb:91: expected header(\"x-absent\") == \"a\", was nothing
  what happened:
    0ms call 1 starts POST payment.shop.svc /v1/charges
    0ms call 1 route payment/charge
    0ms call 1 try 1 payment
    0ms call 1 try 1 payment -> 503
    0ms call 1 wait ";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn requests_repeat_one_after_the_other_or_overlapping() {
    let mut test = charge_twice();
    test.requests[0].times = 3;
    test.given[0].replies =
        vec![ScriptedStep { reply: ScriptedReply::Status(200), after: 100 * MS, headers: vec![] }];
    let starts = |test: &Test| {
        let trace = run_test(&order(), test, 1).trace.to_string();
        let starts = trace.lines().filter(|line| line.contains(" starts "));
        starts.filter_map(|line| line.split("ms").next().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(starts(&test), ["0", "100", "200"]);
    test.requests[0].every = Some(10 * MS);
    test.requests.push(TestRequest { times: 1, every: None, ..test.requests[0].clone() });
    assert_eq!(starts(&test), ["0", "10", "20", "120"]);
}
