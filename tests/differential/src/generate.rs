//! Random tests of a plan: requests that its routes see and some that they do not, upstreams that
//! answer, fail, hang and ask for patience.

use std::time::Duration;

use amb_policy_lang::interpret::Course;
use amb_policy_lang::plan::{
    Given, HostPattern, Match, Otherwise, PathPattern, Place, Plan, Protocol, ScriptedReply,
    Segment, Settings, Test, TestRequest, Upstream,
};

use amb_tests_policies::{Dice, FIELDS, KEYS, VALUES};

use crate::case::Case;

mod script;

const METHODS: [&str; 11] = [
    "GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "get",
];
const PATHS: [&str; 6] = ["/", "/v1", "/v1/charges", "/slow", "/a/b/c?q=1", "/v1/stock/7/"];
const TIMEOUTS: [&str; 7] = ["250m", "1S", "90000u", "1H", "0m", "99999999H", "soon"];
const DEADLINES: [&str; 6] = ["250ms", "1s", "0.3", "0", "60", "soon"];
/// Names and addresses that no policy has.
const NOBODY: [&str; 5] =
    ["unknown.example", "[::1]", "[2001:db8::ffff]:80", "127.0.0.1", "192.0.2.254"];
/// A request that nobody wrote stands nowhere.
const NOWHERE: Place = Place { file: 0, line: 0, column: 0 };

/// One to six request lines, and scripts for most of the upstreams.
pub fn case(plan: &Plan, dice: &mut Dice) -> Case {
    let mut requests: Vec<_> = (0..=dice.below(6)).map(|_| request(plan, dice)).collect();
    let courses: Vec<_> = requests.iter().map(|_| course(dice)).collect();
    for (request, course) in requests.iter_mut().zip(&courses) {
        // In a back-off nobody reads a body, and so nobody sees the end behind it.
        if matches!(course, Course::CallerLeaves(_)) {
            request.body = 0;
        }
    }
    let test = Test {
        name: "both agree".to_owned(),
        place: NOWHERE,
        docs: Vec::new(),
        requests,
        given: scripts(plan, dice),
        expects: Vec::new(),
    };
    Case { test, courses }
}

/// Mostly plain. No policy has bounds of such lengths.
fn course(dice: &mut Dice) -> Course {
    let time = Duration::from_millis(*dice.pick(&[3, 67, 239, 1_009, 4_999, 30_011]));
    match dice.below(8) {
        0 => Course::SlowCaller(time),
        1 => Course::CallerLeaves(time),
        2 if dice.one_in(3) => Course::Wants,
        _ => Course::Plain,
    }
}

fn scripts(plan: &Plan, dice: &mut Dice) -> Vec<Given> {
    let passed = (plan.otherwise.value == Otherwise::Pass).then_some("otherwise");
    let names = plan.upstreams.iter().map(|upstream| upstream.name.as_str()).chain(passed);
    let scripted: Vec<_> = names.filter(|_| !dice.one_in(6)).collect();
    scripted
        .into_iter()
        .map(|name| {
            let mut replies = script::steps(speaks_grpc(plan, name), dice);
            // Nothing bounds a call that belongs to no upstream: it must not hang.
            replies.retain(|step| name != "otherwise" || step.reply != ScriptedReply::Timeout);
            replies.extend(replies.is_empty().then(|| script::answer(200)));
            Given { place: NOWHERE, upstream: name.to_owned(), replies }
        })
        .collect()
}

fn request(plan: &Plan, dice: &mut Dice) -> TestRequest {
    let called = plan.upstreams.iter().filter(|upstream| !upstream.protocol.value.is_opaque());
    let upstream = *dice.pick(&called.collect::<Vec<_>>());
    let lines: Vec<_> = upstream.routes.iter().flat_map(|route| &route.matches).collect();
    let line = (!lines.is_empty() && !dice.one_in(4)).then(|| *dice.pick(&lines));
    let mut headers = line.map_or_else(Vec::new, |line| fields(line, dice));
    headers.extend(more_fields(dice));
    let grpc = upstream.protocol.value == Protocol::Grpc && !dice.one_in(10);
    if grpc && dice.one_in(3) {
        headers.push(("grpc-timeout".to_owned(), (*dice.pick(&TIMEOUTS)).to_owned()));
    }
    let (times, every) = repetition(dice);
    TestRequest {
        place: NOWHERE,
        method: if grpc { "POST".to_owned() } else { method(line, dice) },
        host: host(upstream, dice),
        target: target(line, dice),
        grpc,
        times,
        every,
        headers,
        body: body(upstream, dice),
    }
}

fn speaks_grpc(plan: &Plan, name: &str) -> bool {
    let upstream = plan.upstreams.iter().find(|upstream| upstream.name == name);
    upstream.is_some_and(|upstream| upstream.protocol.value == Protocol::Grpc)
}

/// How often, and how far apart if they overlap.
fn repetition(dice: &mut Dice) -> (u32, Option<Duration>) {
    match dice.below(8) {
        0 | 1 => (2 + dice.below(6) as u32, None),
        2 => (2 + dice.below(6) as u32, Some(Duration::from_millis(1 + dice.below(997)))),
        _ => (1, None),
    }
}

fn method(line: Option<&Match>, dice: &mut Dice) -> String {
    match line {
        Some(line) if !line.methods.is_empty() && !dice.one_in(8) => {
            dice.pick(&line.methods).to_string()
        }
        _ => (*dice.pick(&METHODS)).to_owned(),
    }
}

fn host(upstream: &Upstream, dice: &mut Dice) -> String {
    if dice.one_in(12) {
        return (*dice.pick(&NOBODY)).to_owned();
    }
    let name = match &dice.pick(&upstream.hosts).value {
        HostPattern::Exact(name) if name.contains(':') => return literal(name, dice),
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Suffix(suffix) => {
            format!("{}{suffix}", dice.pick::<&str>(&["a", "a.b", "x.deep"]))
        }
    };
    match dice.below(8) {
        0 => format!("{name}:8080"),
        1 => name.to_ascii_uppercase(),
        2 => format!("{name}."),
        _ => name,
    }
}

/// An address of IPv6, as it stands in `Host`.
fn literal(address: &str, dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => format!("[{address}]:8080"),
        1 => format!("[{}]", address.to_ascii_uppercase()),
        _ => format!("[{address}]"),
    }
}

fn target(line: Option<&Match>, dice: &mut Dice) -> String {
    let path = line.and_then(|line| line.path.as_ref());
    let mut target = match path {
        Some(pattern) => path_of(pattern, dice),
        None => (*dice.pick(&PATHS)).to_owned(),
    };
    match dice.below(10) {
        0 => target.push_str("/more"),
        1 => target.push_str("?x=1"),
        _ => {}
    }
    target
}

/// A path that fits.
fn path_of(pattern: &PathPattern, dice: &mut Dice) -> String {
    let mut path = String::new();
    for segment in &pattern.segments {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(text),
            Segment::Capture(_) => path.push_str(dice.pick::<&str>(&["7", "a-b", "x.y"])),
        }
    }
    if pattern.rest && (path.is_empty() || dice.one_in(2)) {
        path.push_str("/deep/er");
    }
    path
}

/// Those that the line asks for, now and then with another value.
fn fields(line: &Match, dice: &mut Dice) -> Vec<(String, String)> {
    let term = line.headers.iter();
    term.map(|term| {
        let value = if dice.one_in(6) { "other" } else { &term.value };
        (term.name.clone(), value.to_owned())
    })
    .collect()
}

fn more_fields(dice: &mut Dice) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for key in KEYS.iter().filter(|_| dice.one_in(3)) {
        fields.push(((*key).to_owned(), "k-1".to_owned()));
    }
    for _ in 0..dice.below(4) {
        let name = *dice.pick(&FIELDS);
        let name = if dice.one_in(3) { name.to_ascii_uppercase() } else { name.to_owned() };
        fields.push((name, (*dice.pick(&VALUES)).to_owned()));
    }
    if dice.one_in(5) {
        let id = *dice.pick(&["c-1", "", "c-2"]);
        fields.push(("x-correlation-id".to_owned(), id.to_owned()));
    }
    if dice.one_in(5) {
        fields.push(("x-request-timeout".to_owned(), (*dice.pick(&DEADLINES)).to_owned()));
    }
    // What it names is no part of the message.
    if dice.one_in(6) {
        let named = *dice.pick(&["idempotency-key", "X-Kind, close", "x-request-timeout", "host"]);
        let named = if dice.one_in(2) { named } else { dice.pick(&FIELDS) };
        fields.push(("Connection".to_owned(), named.to_owned()));
    }
    fields
}

/// Mostly none; otherwise small, or just at the edges of the replay buffer.
fn body(upstream: &Upstream, dice: &mut Dice) -> u64 {
    let settings = upstream.routes.iter().map(|route| &route.settings);
    let all: Vec<&Settings> = settings.chain([&upstream.settings]).collect();
    let buffer = dice.pick(&all).retry.as_ref().map_or(1_000, |retry| retry.buffer.value);
    match dice.below(16) {
        0 | 1 => 1 + dice.below(500),
        2 => buffer,
        3 => buffer + 1,
        4 => buffer + 10_000,
        _ => 0,
    }
}
