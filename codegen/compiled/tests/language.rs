//! What the compiler takes for the language's default is what the runtime does where a policy says nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use amb_policy_lang::plan::{self, Plan, Settings};
use amb_policy_lang::{MemoryLoader, compile};
use amb_runtime::prelude::*;

/// Of calls about which the policy says as little as it may.
fn settings(protocol: &str) -> Settings {
    let policy = format!(
        "edition 2026\nservice web\nupstream up {{\n    address \"up.svc:80\"\n    \
         protocol {protocol}\n    timeout 1s\n    retry {{ }}\n    breaker {{ }}\n}}\notherwise pass\n"
    );
    let plan: Plan = compile("web.amb", &MemoryLoader::new([("web.amb", policy)])).plan.unwrap();
    plan.upstreams.into_iter().next().unwrap().settings
}

#[test]
fn constants() {
    let settings = settings("http1");
    let (timeout, retry) = (settings.timeout, settings.retry.unwrap());
    assert_eq!(timeout.connect.value, Language::CONNECT);
    assert_eq!(timeout.idle.value, Language::IDLE);
    assert_eq!((timeout.per_try.is_none(), Language::PER_TRY), (true, None));
    assert_eq!(retry.attempts.value, Language::ATTEMPTS);
    assert_eq!(retry.backoff.value.kind, plan::BackoffKind::FullJitter);
    let backoff = Backoff::full_jitter(retry.backoff.value.base, retry.backoff.value.cap);
    assert_eq!(backoff, Language::BACKOFF);
    let plan::RetryAfter::Honour { up_to } = retry.retry_after.value else { unreachable!() };
    assert_eq!(RetryAfter::Honour { up_to }, Language::RETRY_AFTER);
    assert_eq!(retry.buffer.value, u64::try_from(Language::BUFFER).unwrap());
    let plan::Budget { ratio, floor } = retry.budget.value;
    let floor_per_10s = floor.count * 10;
    assert_eq!(floor.per, secs(1));
    let budget = budget::Spec { ratio: per_million(ratio.parts_per_million()), floor_per_10s };
    assert_eq!(budget, Language::BUDGET);
    let breaker = settings.breaker.unwrap();
    let [plan::TripRule::Failures { count, within }] =
        breaker.rules[..].iter().map(|it| it.value).collect::<Vec<_>>()[..]
    else {
        unreachable!()
    };
    assert_eq!(Language::TRIPS, [Trip::Failures { count, within }]);
    let plan::OpenFor::Fixed(time) = breaker.open_for.value else { unreachable!() };
    assert_eq!(Language::OPEN_FOR, OpenFor::Fixed(time));
    assert_eq!(breaker.probes.value, Language::PROBES);
    assert_eq!(retry.non_idempotent.value, plan::NonIdempotent::Never);
    let methods =
        [plan::Method::Get, plan::Method::Head, plan::Method::Options, plan::Method::Trace];
    assert_eq!(retry.methods.value, methods, "as the runtime's own tests have it");
}

/// Is it in the list?
fn has(causes: &[plan::Cause], cause: Cause) -> bool {
    causes.iter().any(|listed| match (listed, cause) {
        (plan::Cause::ConnectFailure, Cause::ConnectFailure)
        | (plan::Cause::Reset, Cause::Reset)
        | (plan::Cause::Timeout, Cause::Timeout)
        | (plan::Cause::RefusedStream, Cause::RefusedStream) => true,
        (plan::Cause::Status(range), Cause::Status(status)) => range.contains(status),
        (plan::Cause::Grpc(code), Cause::Grpc(other)) => {
            format!("{code:?}") == format!("{other:?}")
        }
        _ => false,
    })
}

#[test]
fn causes() {
    let (http, grpc) = (settings("http1"), settings("grpc"));
    let [http_retry, grpc_retry] = [&http, &grpc].map(|it| &it.retry.as_ref().unwrap().on.value);
    let [http_breaker, grpc_breaker] =
        [&http, &grpc].map(|it| &it.breaker.as_ref().unwrap().counts.value);
    let codes = [Grpc::Unavailable, Grpc::Internal, Grpc::DataLoss, Grpc::DeadlineExceeded];
    let others = [Grpc::Ok, Grpc::Aborted, Grpc::ResourceExhausted, Grpc::Unknown];
    let named = [Cause::ConnectFailure, Cause::Reset, Cause::Timeout, Cause::RefusedStream];
    let all = named.into_iter().chain((100..=599).map(Cause::Status));
    for cause in all.chain(codes.into_iter().chain(others).map(Cause::Grpc)) {
        assert_eq!(has(http_retry, cause), Language::listed(cause), "{cause:?}");
        assert_eq!(has(grpc_retry, cause), GrpcLanguage::listed(cause), "{cause:?}");
        assert_eq!(has(http_breaker, cause), Language::counts(cause), "{cause:?}");
        assert_eq!(has(grpc_breaker, cause), GrpcLanguage::counts(cause), "{cause:?}");
    }
}
