//! What happens to a plan: the requests that arrive, and what the upstreams answer.

use std::time::Duration;

use super::grpc;
use crate::plan::{ScriptedReply, ScriptedStep, Test, TestRequest};

/// Everything that a run depends on besides the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// Of the jitter stream, and of generated identifiers.
    pub seed: u64,
    pub requests: Vec<Request>,
    /// Upstreams without a script answer 200 at once, those of gRPC `grpc(ok)`.
    pub scripts: Vec<Script>,
    /// Request fields (lower case) that the trace shows for each try.
    pub fields: Vec<String>,
}

/// One call of the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub start: Start,
    pub method: String,
    /// As it stands in `Host`, a port included if written.
    pub host: String,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    /// Bytes.
    pub body: u64,
    pub course: Course,
}

/// What happens to a call on this side of its upstream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Course {
    #[default]
    /// The request comes at once, and its caller waits for the answer.
    Plain,
    /// Half of its body comes that much later.
    SlowCaller(Duration),
    /// The caller leaves so long after it has come, if it has no answer by then.
    CallerLeaves(Duration),
    /// The proxy has nothing left to connect with while it carries the call.
    Wants,
}

/// When a request starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// When all earlier ones have ended.
    AfterPrevious,
    /// So much later than the one before has started.
    AfterStart(Duration),
    /// At this moment, or when the one before has started.
    At(Duration),
}

/// What an upstream does: one step for each attempt to connect, the last repeating.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    pub upstream: String,
    pub steps: Vec<ScriptedStep>,
}

impl Scenario {
    /// The scenario of a test that stands in the policy.
    pub fn of_test(test: &Test, seed: u64) -> Self {
        let given = test.given.iter();
        Self {
            seed,
            requests: test.requests.iter().flat_map(repeated).collect(),
            scripts: given
                .map(|given| Script {
                    upstream: given.upstream.clone(),
                    steps: given.replies.clone(),
                })
                .collect(),
            fields: vec![],
        }
    }

    /// The upstream's next step: all its scripts in a row, the last step repeating. Without a script
    /// it does what it does otherwise.
    pub(super) fn step(
        &self,
        upstream: &str,
        otherwise: ScriptedReply,
        taken: &mut usize,
    ) -> ScriptedStep {
        let scripts = || self.scripts.iter().filter(|script| script.upstream == upstream);
        let steps = || scripts().flat_map(|script| &script.steps);
        let step = steps().nth(*taken).or_else(|| steps().last());
        *taken += 1;
        step.cloned().unwrap_or(ScriptedStep {
            reply: otherwise,
            after: Duration::ZERO,
            headers: vec![],
        })
    }
}

fn repeated(request: &TestRequest) -> impl Iterator<Item = Request> {
    (0..request.times).map(|number| Request {
        start: match request.every {
            Some(every) if number > 0 => Start::AfterStart(every),
            _ => Start::AfterPrevious,
        },
        method: request.method.clone(),
        host: request.host.clone(),
        target: request.target.clone(),
        headers: match request.grpc {
            true => [grpc::request_head(), request.headers.clone()].concat(),
            false => request.headers.clone(),
        },
        body: request.body,
        course: Course::Plain,
    })
}
