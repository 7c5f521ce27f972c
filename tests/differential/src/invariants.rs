//! What holds for every call of the compiled proxy, whatever the interpreter says.

use amb_policy_lang::interpret::{Request, Scenario};
use amb_policy_lang::plan::{BreakerScope, Cause, NonIdempotent, Plan, Retry, Settings, derived};
use amb_runtime::testing::{CallRecord, Observed};

/// The invariants that do not hold, with the call that breaks them.
pub fn broken(plan: &Plan, scenario: &Scenario, observed: &Observed) -> Vec<String> {
    let calls = scenario.requests.iter().zip(observed.calls()).enumerate();
    calls
        .filter_map(|(index, (request, call))| {
            let settings = settings(plan, call)?;
            let broken = first_broken(settings, request, call, observed)?;
            Some(format!("call {}: {broken}", index + 1))
        })
        .collect()
}

fn first_broken(
    settings: &Settings,
    request: &Request,
    call: &CallRecord,
    observed: &Observed,
) -> Option<&'static str> {
    let sent = call.tries.iter().filter(|it| !it.refused).count();
    if call.tries.len() > derived::tries(settings) as usize {
        return Some("more tries than `attempts`");
    }
    if sent > 1 && !is_repeatable(settings.retry.as_ref(), request) {
        return Some("an unsafe request was sent twice");
    }
    if call.elapsed > settings.timeout.total.value.limit() {
        return Some("it took longer than `total`");
    }
    let breaker = breaker(settings, call, observed);
    let open = |at: usize| call.tries.iter().any(|it| it.breakers.get(at) == Some(&"open"));
    breaker.is_some_and(open).then_some("a try reached for the network while the breaker was open")
}

fn settings<'p>(plan: &'p Plan, call: &CallRecord) -> Option<&'p Settings> {
    let upstream = plan.upstreams.iter().find(|upstream| upstream.name == call.upstream)?;
    let route = upstream.routes.iter().find(|route| route.name == call.route);
    Some(route.map_or(&upstream.settings, |route| &route.settings))
}

fn is_repeatable(retry: Option<&Retry>, request: &Request) -> bool {
    let Some(retry) = retry else { return false };
    // The server's word that it did not act is looked at by the interpreter.
    let declines = |cause: &Cause| matches!(cause, Cause::Grpc(code) if code.declines());
    let mut methods = retry.methods.value.iter();
    retry.on.value.iter().any(declines)
        || methods.any(|method| method.to_string() == request.method)
        || match &retry.non_idempotent.value {
            NonIdempotent::Never => false,
            NonIdempotent::Always { .. } => true,
            NonIdempotent::WhenHeader(wanted) => {
                request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
            }
        }
}

/// Which of the proxy's breakers stands before the call.
fn breaker(settings: &Settings, call: &CallRecord, observed: &Observed) -> Option<usize> {
    let name = match settings.breaker.as_ref()?.scope {
        BreakerScope::Upstream => call.upstream.to_owned(),
        BreakerScope::Route => format!("{}/{}", call.upstream, call.route),
    };
    observed.breakers().iter().position(|(breaker, _)| *breaker == name)
}
