//! A test of the language as a scenario of the compiled proxy.

use amb_policy_lang::interpret::Course;
use amb_policy_lang::plan::{GRPC_CODES, GrpcCode, ScriptedReply, ScriptedStep, TestRequest};
use amb_runtime::prelude::{Grpc, Proxy};
use amb_runtime::testing::{
    Observed, Request, Scenario, Step, Version, grpc, refused, reset, status, timeout,
};

use crate::case::Case;

/// What is spoken with the application and with the upstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken {
    pub callers: Version,
    pub upstreams: Version,
}

/// Both HTTP/1.1.
pub const HTTP1: Spoken = Spoken { callers: Version::Http1, upstreams: Version::Http1 };

/// The other pairs.
pub const PAIRS: [Spoken; 3] = [
    Spoken { callers: Version::Http1, upstreams: Version::Http2 },
    Spoken { callers: Version::Http2, upstreams: Version::Http1 },
    Spoken { callers: Version::Http2, upstreams: Version::Http2 },
];

/// Runs it.
pub(crate) fn play<P: Proxy>(case: &Case, seed: u64, spoken: Spoken) -> Observed {
    let Case { test, courses } = case;
    let Spoken { callers, upstreams } = spoken;
    let mut scenario = Scenario::<P>::new().seed(seed).callers(callers).upstreams(upstreams);
    for given in &test.given {
        let steps: Vec<_> = given.replies.iter().map(step).collect();
        scenario = scenario.given(&given.upstream, &steps);
    }
    let requests = test.requests.iter().zip(courses);
    requests.map(request).fold(scenario, Scenario::request).run()
}

fn request((request, course): (&TestRequest, &Course)) -> Request {
    let (host, target) = (&request.host, &request.target);
    let call = match request.grpc {
        true => Request::grpc(host, target.trim_start_matches('/')),
        false => Request::new(&request.method, host, target),
    };
    let fields = request.headers.iter();
    let call = fields.fold(call, |call, (name, value)| call.header(name, value));
    let call = call.body(request.body as usize).times(request.times);
    let call = match *course {
        Course::Plain => call,
        Course::SlowCaller(pause) => call.pause(pause),
        Course::CallerLeaves(after) => call.leaves(after),
        Course::Wants => call.wants(),
    };
    match request.every {
        Some(every) => call.every(every),
        None => call,
    }
}

fn step(step: &ScriptedStep) -> Step {
    let reply = match step.reply {
        ScriptedReply::Status(code) => status(code),
        ScriptedReply::Grpc(code) => grpc(status_of(code)),
        ScriptedReply::Refused => refused(),
        ScriptedReply::Reset => reset(),
        ScriptedReply::Timeout => timeout(),
    };
    let reply = reply.after(step.after);
    step.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
}

/// The two enums have nothing in common but the numbers that gRPC gives its codes.
fn status_of(code: GrpcCode) -> Grpc {
    const SAME: [Grpc; GRPC_CODES.len()] = [
        Grpc::Ok,
        Grpc::Cancelled,
        Grpc::Unknown,
        Grpc::InvalidArgument,
        Grpc::DeadlineExceeded,
        Grpc::NotFound,
        Grpc::AlreadyExists,
        Grpc::PermissionDenied,
        Grpc::ResourceExhausted,
        Grpc::FailedPrecondition,
        Grpc::Aborted,
        Grpc::OutOfRange,
        Grpc::Unimplemented,
        Grpc::Internal,
        Grpc::Unavailable,
        Grpc::DataLoss,
        Grpc::Unauthenticated,
    ];
    SAME[usize::from(code.number())]
}
