//! The oracle: both versions carry the same calls, and none may come to more than before.

use std::time::Duration;

use amb_policy_lang::interpret::{
    CallRecord, Course, Request, Scenario, Script, Source, Start, run,
};
use amb_policy_lang::plan::{
    GrpcCode, HostPattern, Match, PathPattern, Plan, Protocol, ScriptedReply, ScriptedStep,
    Segment, Settings, Upstream, derived,
};
use amb_tests_policies::Dice;

/// Why the new version allows more; `None`: none of so many calls shows that it does.
pub(crate) fn weakened(old: &Plan, new: &Plan, calls: u64, dice: &mut Dice) -> Option<String> {
    (0..calls).find_map(|seed| {
        let request = request(if dice.one_in(2) { old } else { new }, dice);
        let reply = reply(dice);
        let (before, after) =
            (play(old, &request, &reply, seed), play(new, &request, &reply, seed));
        let more = more(&before, &after, &reply)?;
        Some(format!("{more}\n{request:?}\n{reply:?}\n{before:#?}\n{after:#?}"))
    })
}

/// What became of a call.
#[derive(Debug)]
struct Ended<'p> {
    record: CallRecord,
    upstream: Option<&'p Upstream>,
    settings: Option<&'p Settings>,
    /// Requests that anybody read.
    read: u64,
    refused: bool,
}

fn play<'p>(plan: &'p Plan, request: &Request, reply: &ScriptedStep, seed: u64) -> Ended<'p> {
    let names =
        plan.upstreams.iter().map(|upstream| (upstream.name.as_str(), upstream.protocol.value));
    let scripts = names.chain([("otherwise", Protocol::Http1)]).map(|(name, protocol)| {
        let mut step = reply.clone();
        if protocol != Protocol::Grpc && matches!(step.reply, ScriptedReply::Grpc(_)) {
            step.reply = ScriptedReply::Status(503);
        }
        // Nothing bounds a call that belongs to no upstream: it must not hang.
        if name == "otherwise" && step.reply == ScriptedReply::Timeout {
            step.reply = ScriptedReply::Reset;
        }
        Script { upstream: name.to_owned(), steps: vec![step] }
    });
    let scenario = Scenario {
        seed,
        requests: vec![request.clone()],
        scripts: scripts.collect(),
        fields: vec![],
    };
    let trace = run(plan, &scenario);
    let record = trace.calls[0].clone();
    let upstream = plan.upstreams.iter().find(|upstream| upstream.name == record.upstream);
    let route = upstream.and_then(|upstream| {
        upstream.routes.iter().find(|route| Some(&route.name) == record.route.as_ref())
    });
    let settings = route.map(|route| &route.settings).or(upstream.map(|it| &it.settings));
    let refused = upstream.is_none() && record.attempts == 0;
    Ended { read: trace.requests.values().sum(), record, upstream, settings, refused }
}

/// What is more than before; the first that is found.
fn more(old: &Ended<'_>, new: &Ended<'_>, reply: &ScriptedStep) -> Option<&'static str> {
    let (before, after) = (&old.record, &new.record);
    let answered = |ended: &Ended<'_>| {
        ended.upstream.is_some()
            && ended.record.attempts == 0
            && ended.record.source == Some(Source::Policy)
    };
    if new.refused {
        return None;
    }
    if old.refused {
        return Some("it was refused");
    }
    if answered(new) {
        let same = (before.status, &before.response) == (after.status, &after.response);
        return (answered(old) && !same).then_some("it is answered otherwise");
    }
    if answered(old) {
        return Some("it was answered by the policy");
    }
    let address =
        |ended: &Ended<'_>| ended.upstream.map(|it| (it.address.value.clone(), it.protocol.value));
    if address(old) != address(new) {
        return Some("it goes to another place");
    }
    let (Some(then), Some(now)) = (old.settings, new.settings) else { return None };
    tries(old, new, reply, (then, now)).or_else(|| fields(before, after))
}

fn tries(
    old: &Ended<'_>,
    new: &Ended<'_>,
    reply: &ScriptedStep,
    (then, now): (&Settings, &Settings),
) -> Option<&'static str> {
    let (before, after) = (&old.record, &new.record);
    let kind = |settings: &Settings| settings.retry.as_ref().map(|it| it.backoff.value.kind);
    // What ends by itself at once is the same in both; of what is slow, a bound may cut off more.
    let at_once = reply.after == Duration::ZERO && reply.reply != ScriptedReply::Timeout;
    let comparable = at_once && (kind(then) == kind(now) || kind(now).is_none());
    if comparable && after.attempts > before.attempts {
        return Some("it is tried more often");
    }
    if comparable && new.read > old.read {
        return Some("it is carried out more often");
    }
    if after.attempts > derived::tries(then) {
        return Some("it is tried more often than it could be");
    }
    if after.elapsed > derived::slowest_answer(then)
        && then.timeout.total.value.limit() < Duration::MAX
    {
        return Some("it takes longer than it could");
    }
    (before.source == Some(Source::Proxy) && after.source == Some(Source::Policy))
        .then_some("it gets an answer that stands in for an error")
}

/// Fields that either side sees and did not before. Each version may mark calls and tries.
fn fields(before: &CallRecord, after: &CallRecord) -> Option<&'static str> {
    const MARKS: [&str; 5] =
        ["traceparent", "x-amb-attempt", "x-correlation-id", "grpc-timeout", "proxy-status"];
    let news = |old: &[(String, String)], new: &[(String, String)]| {
        let known =
            |field: &&(String, String)| MARKS.contains(&field.0.as_str()) || old.contains(field);
        !new.iter().all(|field| known(&field))
    };
    let gone = |old: &[(String, String)], new: &[(String, String)]| {
        let traced = old.iter().filter(|field| field.0 != "x-amb-attempt");
        let mut names = traced.map(|field| &field.0);
        names
            .any(|name| MARKS.contains(&name.as_str()) && !new.iter().any(|field| field.0 == *name))
    };
    if after.attempts > 0 && before.attempts > 0 && news(&before.request, &after.request) {
        return Some("the upstream sees another field");
    }
    if after.attempts > 0 && before.attempts > 0 && gone(&before.request, &after.request) {
        return Some("the call is not marked any more");
    }
    let same = (before.source, before.status) == (after.source, after.status);
    (same && after.source == Some(Source::Upstream) && news(&before.response, &after.response))
        .then_some("the caller sees another field")
}

fn request(plan: &Plan, dice: &mut Dice) -> Request {
    let upstream = plan.upstreams.get(dice.below(plan.upstreams.len() as u64) as usize);
    let routes = upstream.map_or(&[][..], |upstream| &upstream.routes);
    let lines: Vec<&Match> = routes.iter().flat_map(|route| &route.matches).collect();
    let line = (!lines.is_empty() && !dice.one_in(4)).then(|| *dice.pick(&lines));
    let methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    let own = line.and_then(|line| line.methods.first()).filter(|_| !dice.one_in(5));
    let method = own.map_or_else(|| (*dice.pick(&methods)).to_owned(), ToString::to_string);
    let paths = ["/", "/v1/charges", "/v1/stock/7", "/v1/admin/x", "/a//b", "*"];
    let own = line.and_then(|line| line.path.as_ref());
    let target = match own {
        Some(path) => path_of(path, dice),
        None => (*dice.pick(&paths)).to_owned(),
    };
    Request {
        start: Start::AfterPrevious,
        method,
        host: host(upstream, dice),
        target,
        headers: headers(line, dice),
        body: *dice.pick(&[0, 0, 0, 100, 1_000, 70_000]),
        course: Course::Plain,
    }
}

fn host(upstream: Option<&Upstream>, dice: &mut Dice) -> String {
    let hosts = upstream.map_or(&[][..], |upstream| &upstream.hosts);
    match hosts.get(dice.below(hosts.len() as u64) as usize).map(|host| &host.value) {
        Some(HostPattern::Exact(name)) if !dice.one_in(8) => name.clone(),
        Some(HostPattern::Suffix(suffix)) => format!("some{suffix}"),
        _ => (*dice.pick(&["unknown.example", "other.svc", "x.shop.svc"])).to_owned(),
    }
}

fn path_of(pattern: &PathPattern, dice: &mut Dice) -> String {
    let mut path: String = pattern
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Capture(_) => format!("/{}", dice.pick(&["7", "charges", "admin"])),
        })
        .collect();
    if pattern.rest && (path.is_empty() || dice.one_in(2)) {
        path += *dice.pick(&["/deep/er", "/v1/charges", "/"]);
    }
    path
}

fn headers(line: Option<&Match>, dice: &mut Dice) -> Vec<(String, String)> {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let terms = line.into_iter().flat_map(|line| &line.headers);
    let mut headers: Vec<_> = terms.map(|term| field(&term.name, &term.value)).collect();
    let more = [
        field("idempotency-key", "k"),
        field("x-other", "o"),
        field("x-kind", "late"),
        field("x-debug", "d"),
        field("x-team", "caller"),
        field("user-agent", "curl"),
    ];
    headers.extend(more.into_iter().filter(|_| dice.one_in(3)));
    headers
}

/// The same for all upstreams, for ever.
fn reply(dice: &mut Dice) -> ScriptedStep {
    let replies = [
        ScriptedReply::Status(200),
        ScriptedReply::Status(404),
        ScriptedReply::Status(429),
        ScriptedReply::Status(500),
        ScriptedReply::Status(502),
        ScriptedReply::Status(503),
        ScriptedReply::Grpc(GrpcCode::Unavailable),
        ScriptedReply::Refused,
        ScriptedReply::Reset,
        ScriptedReply::Timeout,
    ];
    let headers = [("server", "s"), ("retry-after", "2")];
    let headers: Vec<_> = headers.into_iter().filter(|_| dice.one_in(3)).collect();
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    ScriptedStep {
        reply: *dice.pick(&replies),
        after: Duration::from_millis(*dice.pick(&[0, 0, 0, 50, 400, 1_500])),
        headers: headers.into_iter().map(owned).collect(),
    }
}
