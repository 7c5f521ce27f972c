//! A test of the language as a scenario of the compiled proxy.

use amb_policy_lang::plan::{ScriptedReply, ScriptedStep, Test, TestRequest};
use amb_runtime::prelude::Proxy;
use amb_runtime::testing::{Observed, Request, Scenario, Step, refused, reset, status, timeout};

/// Runs it.
pub(crate) fn play<P: Proxy>(test: &Test, seed: u64) -> Observed {
    let mut scenario = Scenario::<P>::new().seed(seed);
    for given in &test.given {
        let steps: Vec<_> = given.replies.iter().map(step).collect();
        scenario = scenario.given(&given.upstream, &steps);
    }
    test.requests.iter().map(request).fold(scenario, Scenario::request).run()
}

fn request(request: &TestRequest) -> Request {
    let call = Request::new(&request.method, &request.host, &request.target);
    let fields = request.headers.iter();
    let call = fields.fold(call, |call, (name, value)| call.header(name, value));
    let call = call.body(request.body as usize).times(request.times);
    match request.every {
        Some(every) => call.every(every),
        None => call,
    }
}

fn step(step: &ScriptedStep) -> Step {
    let reply = match step.reply {
        ScriptedReply::Status(code) => status(code),
        ScriptedReply::Refused => refused(),
        ScriptedReply::Reset => reset(),
        ScriptedReply::Timeout => timeout(),
    };
    let reply = reply.after(step.after);
    step.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
}
