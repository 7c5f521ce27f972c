//! `test "…" { … }`: the calls, the scripted upstreams, and what is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::language::language;
use super::{Cx, reply, values};
use crate::conform::{Node, fields};
use crate::diagnostics::{Diagnostic, are_enough, file as names, nearest, policy as report};
use crate::interpret::routing::bare_host;
use crate::limits::{REPEATED, STEPS};
use crate::plan::{
    Expect, ExpectValue, Given, HostPattern, Operator, Protocol, ScriptedReply, ScriptedStep,
    Subject, Test, TestRequest, Upstream,
};
use crate::schema::Scope;
use crate::span::Span;
use crate::syntax::ast::{Arg, Number, Value};

pub(super) fn tests(cx: &mut Cx<'_, '_>, upstreams: &[Upstream]) -> Vec<Test> {
    let program = cx.program;
    let all = program.entry().iter().filter(|node| node.key() == "test" && node.sound);
    let called = Called::new(upstreams);
    let mut load = Load::new(upstreams);
    let mut tests = Vec::new();
    for node in all {
        let Some(test) = test(cx, node, &called) else { continue };
        if !load.bears(&test) {
            cx.found.push(names::tests_too_much(node.statement.head()));
            break;
        }
        tests.push(test);
        if are_enough(&cx.found) {
            break;
        }
    }
    tests
}

/// What tests call, by its names.
struct Called<'a> {
    upstreams: &'a [Upstream],
    names: BTreeSet<&'a str>,
    routes: BTreeSet<&'a str>,
    /// By the name that is dialled: do all who have it get bytes?
    opaque: BTreeMap<&'a HostPattern, bool>,
}

impl<'a> Called<'a> {
    fn new(upstreams: &'a [Upstream]) -> Self {
        let mut opaque = BTreeMap::new();
        for upstream in upstreams {
            let own = upstream.protocol.value.is_opaque();
            for host in &upstream.hosts {
                opaque.entry(&host.value).and_modify(|all| *all &= own).or_insert(own);
            }
        }
        let routes = upstreams.iter().flat_map(|upstream| &upstream.routes);
        Self {
            upstreams,
            names: upstreams.iter().map(|upstream| upstream.name.as_str()).collect(),
            routes: routes.map(|route| route.name.as_str()).collect(),
            opaque,
        }
    }
}

/// What the tests so far ask of whoever runs them.
struct Load {
    /// Steps that a request takes at most.
    request: usize,
    steps: usize,
    /// Bytes of requests.
    repeated: usize,
}

/// What happens in one try, as lines of a trace and searches for them.
const STEPS_OF_A_TRY: usize = 50;

impl Load {
    fn new(upstreams: &[Upstream]) -> Self {
        let routes = || upstreams.iter().flat_map(|upstream| &upstream.routes);
        let lines = routes().map(|route| route.matches.len()).sum::<usize>();
        let settings = || {
            let own = upstreams.iter().map(|upstream| &upstream.settings);
            own.chain(routes().map(|route| &route.settings))
        };
        let tries = settings().filter_map(|it| Some(it.retry.as_ref()?.attempts.value)).max();
        let edits = settings().map(|it| it.request_headers.len() + it.response_headers.len()).max();
        // An edit looks at every field.
        let edits = edits.unwrap_or(0).pow(2) / 2;
        let request = lines + tries.unwrap_or(1) as usize * STEPS_OF_A_TRY + edits;
        Self { request, steps: 0, repeated: 0 }
    }

    /// Adds a test; can all of them be run in bounded time and memory?
    fn bears(&mut self, test: &Test) -> bool {
        for request in &test.requests {
            let fields = request.headers.iter().map(|(name, value)| name.len() + value.len() + 16);
            let bytes = request.target.len() + request.host.len() + 64 + fields.sum::<usize>();
            let times = request.times as usize;
            self.steps = self.steps.saturating_add(times.saturating_mul(self.request));
            self.repeated = self.repeated.saturating_add(times.saturating_mul(bytes));
        }
        self.steps <= STEPS && self.repeated <= REPEATED
    }
}

fn test(cx: &mut Cx<'_, '_>, node: &Node<'_>, called: &Called<'_>) -> Option<Test> {
    let name = node.values().first().and_then(|value| values::text(value))?.to_owned();
    if !node.wrote("request") {
        cx.found.push(report::test_without(
            node.statement.head(),
            &name,
            "request",
            "sends no request",
        ));
    }
    if !node.wrote("expect") {
        cx.found.push(report::test_without(
            node.statement.head(),
            &name,
            "expect",
            "expects nothing",
        ));
    }
    Some(Test {
        name,
        place: cx.place(node),
        docs: node.statement.docs.clone(),
        requests: lines(cx, node, "request", |cx, line| request(cx, line, called)),
        given: lines(cx, node, "given", |cx, line| given(cx, line, called)),
        expects: lines(cx, node, "expect", |cx, line| expect(cx, line, called)),
    })
}

/// The lines with that key, until enough is wrong.
fn lines<'n, 's, T>(
    cx: &mut Cx<'n, 's>,
    node: &Node<'_>,
    key: &'static str,
    mut read: impl FnMut(&mut Cx<'n, 's>, &Node<'_>) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for line in node.all(key) {
        if are_enough(&cx.found) {
            break;
        }
        all.extend(read(cx, line));
    }
    all
}

fn request(cx: &mut Cx<'_, '_>, node: &Node<'_>, called: &Called<'_>) -> Option<TestRequest> {
    let values = node.values();
    let (method, host, target, options) = match values.as_slice() {
        [Value::Methods(methods), Value::Text(host), Value::Path(target), options @ ..] => {
            (methods.first()?.clone(), host, target.clone(), options)
        }
        // gRPC over HTTP/2: a call is a POST to `/Service/Method`.
        [_, Value::Text(host), Value::Text(method), options @ ..] => {
            ("POST".to_owned(), host, format!("/{method}"), options)
        }
        _ => return None,
    };
    let dialled = HostPattern::Exact(bare_host(host));
    if called.opaque.get(&dialled) == Some(&true) {
        let span = node.args().nth(1).map_or(node.statement.head(), |arg| arg.span);
        cx.found.push(report::not_testable(span, host));
    }
    let option = |word: &str| {
        let at = options.iter().position(|value| values::word(value) == Some(word))?;
        options.get(at + 1).copied()
    };
    let size = |values: &[&Value]| values::size(values.first()?);
    let body = node.one("body").and_then(|body| size(&body.values()));
    let none = || language(Scope::Request, "body", Protocol::Http1, size);
    Some(TestRequest {
        place: cx.place(node),
        method,
        host: host.clone(),
        target,
        grpc: matches!(values.get(2), Some(Value::Text(_))),
        times: option("times").and_then(values::count).unwrap_or(1),
        every: option("every").and_then(values::duration),
        headers: node.all("header").filter_map(reply::header).collect(),
        body: body.or_else(|| none().map(|none| none.value))?,
    })
}

fn given(cx: &mut Cx<'_, '_>, node: &Node<'_>, called: &Called<'_>) -> Option<Given> {
    let (name, arg) = node.name()?;
    known_upstream(cx, arg.span, name, called);
    let mut steps = Vec::new();
    let rest = node.statement.args.get(2..)?;
    for entry in rest.split(|arg| matches!(arg.value, Value::Comma(_))) {
        steps.push(step(entry)?);
    }
    if let Some(last) = steps.last_mut() {
        last.headers.extend(node.all("header").filter_map(reply::header));
    }
    Some(Given { place: cx.place(node), upstream: name.to_owned(), replies: steps })
}

fn step(entry: &[Arg]) -> Option<ScriptedStep> {
    let (first, rest) = entry.split_first()?;
    let reply = match &first.value {
        Value::Name(word) if word == "refused" => ScriptedReply::Refused,
        Value::Name(word) if word == "reset" => ScriptedReply::Reset,
        Value::Name(_) => ScriptedReply::Timeout,
        answer => match values::grpc_codes(answer) {
            Some(codes) => ScriptedReply::Grpc(*codes.first()?),
            None => ScriptedReply::Status(u16::try_from(values::integer(answer)?).ok()?),
        },
    };
    let after = rest.iter().find_map(|arg| values::duration(&arg.value));
    // What is wrong inside the block has been reported with the statement.
    let blocks = rest.iter().filter_map(|arg| match &arg.value {
        Value::Block(block) => Some(fields(Scope::Fields, block, &mut Vec::new())),
        _ => None,
    });
    let headers =
        blocks.flatten().filter(|node| node.sound).filter_map(|node| reply::header(&node));
    Some(ScriptedStep { reply, after: after.unwrap_or(Duration::ZERO), headers: headers.collect() })
}

fn known_upstream(cx: &mut Cx<'_, '_>, span: Span, name: &str, called: &Called<'_>) {
    if !called.names.contains(name) {
        let meant = nearest(name, called.names.iter().copied());
        cx.found.push(names::unknown_name(span, "upstream", name).meant(span, meant));
        return;
    }
    let known = called.upstreams.iter().find(|upstream| upstream.name == name);
    if known.is_some_and(|upstream| upstream.protocol.value.is_opaque()) {
        cx.found.push(report::not_testable(span, name));
    }
}

fn expect(cx: &mut Cx<'_, '_>, node: &Node<'_>, called: &Called<'_>) -> Option<Expect> {
    let args: Vec<&Arg> = node.args().collect();
    let [subject_arg, operator_arg, wanted @ ..] = args.as_slice() else { return None };
    let subject = subject(cx, subject_arg, called)?;
    let compared = values_of(wanted);
    let value = operator(&operator_arg.value)
        .and_then(|operator| Some((operator, expected(&subject, operator, &compared)?)));
    let Some((operator, value)) = value else {
        let span = operator_arg.span.to(node.statement.args_span());
        cx.found.push(report::cannot_compare(span, wanted_noun(&subject)));
        return None;
    };
    if let (Subject::Route, ExpectValue::Name(name), Some(arg)) = (&subject, &value, wanted.first())
    {
        known_route(cx, arg.span, name, called);
    }
    Some(Expect { place: cx.place(node), subject, operator, value })
}

fn values_of<'a>(args: &[&'a Arg]) -> Vec<&'a Value> {
    args.iter().map(|arg| &arg.value).collect()
}

fn subject(cx: &mut Cx<'_, '_>, arg: &Arg, called: &Called<'_>) -> Option<Subject> {
    let word = match &arg.value {
        Value::Call { name, .. } => {
            let field = values::header_call(&arg.value)?;
            return Some(if name == "header" {
                Subject::Header(field)
            } else {
                Subject::ResponseHeader(field)
            });
        }
        value => values::word(value)?,
    };
    match (word, word.rsplit_once('.')) {
        ("status", _) => Some(Subject::Status),
        ("attempts", _) => Some(Subject::Attempts),
        ("elapsed", _) => Some(Subject::Elapsed),
        ("route", _) => Some(Subject::Route),
        (_, Some((name, figure @ ("breaker" | "requests")))) => {
            known_upstream(
                cx,
                Span { end: arg.span.start + u32::try_from(name.len()).ok()?, ..arg.span },
                name,
                called,
            );
            let upstream = name.to_owned();
            Some(if figure == "breaker" {
                Subject::Breaker { upstream }
            } else {
                Subject::Requests { upstream }
            })
        }
        _ => {
            cx.found.push(unknown_subject(arg.span, word));
            None
        }
    }
}

fn unknown_subject(span: Span, word: &str) -> Diagnostic {
    let known = ["status", "attempts", "elapsed", "route"];
    names::unknown_name(span, "figure", word).meant(span, nearest(word, known)).note(
        "known are `status`, `attempts`, `elapsed`, `route`, `NAME.breaker`, `NAME.requests`, `header(\"x\")` and `response.header(\"x\")`",
    )
}

fn operator(value: &Value) -> Option<Operator> {
    match value {
        Value::Operator("==") => Some(Operator::Equal),
        Value::Operator("!=") => Some(Operator::NotEqual),
        Value::Operator("<") => Some(Operator::Less),
        Value::Operator("<=") => Some(Operator::LessOrEqual),
        Value::Operator(">") => Some(Operator::Greater),
        Value::Operator(">=") => Some(Operator::GreaterOrEqual),
        Value::Name(word) if word == "in" => Some(Operator::In),
        _ => None,
    }
}

/// The value as the subject is compared, or `None` if it cannot be.
fn expected(subject: &Subject, operator: Operator, values: &[&Value]) -> Option<ExpectValue> {
    let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    match (subject, operator, values) {
        (Subject::Status, _, [first, ..]) if values::grpc_codes(first).is_some() => {
            let all: Option<Vec<_>> =
                values.iter().map(|value| values::grpc_codes(value)).collect();
            let codes = all?.concat();
            let single = equality && codes.len() == 1;
            (single || operator == Operator::In).then_some(ExpectValue::Grpc(codes))
        }
        (Subject::Status, Operator::In, _) => values::all_codes(values).map(ExpectValue::Statuses),
        (
            Subject::Attempts | Subject::Requests { .. },
            Operator::In,
            [Value::Range(Number::Integer(a), Number::Integer(b))],
        ) => Some(ExpectValue::IntegerRange(*a, *b)),
        (Subject::Elapsed, Operator::In, [value]) => {
            values::durations(value).map(|(a, b)| ExpectValue::DurationRange(a, b))
        }
        (_, Operator::In, _) => None,
        (Subject::Status | Subject::Attempts | Subject::Requests { .. }, _, [value]) => {
            values::integer(value).map(ExpectValue::Integer)
        }
        (Subject::Elapsed, _, [value]) => values::duration(value).map(ExpectValue::Duration),
        (Subject::Breaker { .. }, _, [Value::Name(state)]) if equality => {
            ["closed", "open", "half-open"]
                .contains(&state.as_str())
                .then(|| ExpectValue::Name(state.clone()))
        }
        (Subject::Route, _, [Value::Name(name)]) if equality => {
            Some(ExpectValue::Name(name.clone()))
        }
        (Subject::Header(_) | Subject::ResponseHeader(_), _, [Value::Text(text)]) if equality => {
            Some(ExpectValue::Text(text.clone()))
        }
        _ => None,
    }
}

const fn wanted_noun(subject: &Subject) -> &'static str {
    match subject {
        Subject::Status => "a status: `== 503`, `in 4xx, 5xx`, or `== grpc(unavailable)`",
        Subject::Attempts | Subject::Requests { .. } => "an integer: `== 2`, or `in 1..3`",
        Subject::Elapsed => "a duration: `== 500ms`, or `in 1s..2s`",
        Subject::Route => "the name of a route or upstream: `== charge`",
        Subject::Breaker { .. } => "`closed`, `open` or `half-open`: `== open`",
        Subject::Header(_) | Subject::ResponseHeader(_) => "a string: `== \"value\"`",
    }
}

fn known_route(cx: &mut Cx<'_, '_>, span: Span, name: &str, called: &Called<'_>) {
    if !called.routes.contains(name) && !called.names.contains(name) {
        let known = called.routes.iter().chain(&called.names).copied();
        cx.found.push(names::unknown_name(span, "route", name).meant(span, nearest(name, known)));
    }
}
