//! What holds where no policy says anything: the last base of every policy.

use std::time::Duration;

use super::{
    Backoff, BreakerPolicy, Cause, HeaderPolicy, RetryAfter, RetryPolicy, TimeoutPolicy, Total,
};
use crate::grpc::Grpc;
use crate::message::{HeadEdit, Method, RequestHead};
use crate::spec::BreakerId;
use crate::state::{breaker, budget};
use crate::units::{kib, millis, mins, percent, secs};

/// The defaults of the language.
#[derive(Debug)]
pub struct Language;

impl TimeoutPolicy for Language {
    type Base = Self;

    /// Bytes have no end of their own. For calls the compiler asks for a `total`.
    const TOTAL: Total = Total::Off;
    const PER_TRY: Option<Duration> = None;
    const CONNECT: Duration = secs(3);
    const IDLE: Duration = mins(5);
}

impl RetryPolicy for Language {
    type Base = Self;

    const ATTEMPTS: u32 = 3;
    const BACKOFF: Backoff = Backoff::full_jitter(millis(100), secs(30));
    const RETRY_AFTER: RetryAfter = RetryAfter::Honour { up_to: secs(5) };
    const BUDGET: budget::Spec = budget::Spec { ratio: percent(20), floor_per_10s: 10 };
    const BUFFER: usize = kib(64);

    fn listed(cause: Cause) -> bool {
        matches!(cause, Cause::ConnectFailure | Cause::RefusedStream | Cause::Status(429 | 503))
    }

    fn repeatable(head: &RequestHead<'_>) -> bool {
        matches!(head.method(), Method::Get | Method::Head | Method::Options | Method::Trace)
    }
}

impl BreakerPolicy for Language {
    type Base = Self;

    const ID: BreakerId = BreakerId::NONE;
    const TRIPS: &'static [breaker::Trip] =
        &[breaker::Trip::Failures { count: 5, within: secs(10) }];
    const OPEN_FOR: breaker::OpenFor = breaker::OpenFor::Fixed(secs(30));
    const PROBES: u32 = 1;

    fn counts(cause: Cause) -> bool {
        matches!(
            cause,
            Cause::ConnectFailure
                | Cause::Reset
                | Cause::Timeout
                | Cause::Status(500 | 502..=504 | 506..=599)
        )
    }
}

impl HeaderPolicy for Language {
    type Base = Self;

    fn request(_edit: &mut HeadEdit<'_, '_>) {}
    fn request_last(_edit: &mut HeadEdit<'_, '_>) {}
    fn response(_edit: &mut HeadEdit<'_, '_>) {}
    fn response_last(_edit: &mut HeadEdit<'_, '_>) {}
}

/// The same for upstreams that speak gRPC. Every call of gRPC is a POST: by default none is repeated that
/// may have been carried out.
#[derive(Debug)]
pub struct GrpcLanguage;

impl RetryPolicy for GrpcLanguage {
    type Base = Language;

    fn listed(cause: Cause) -> bool {
        matches!(cause, Cause::ConnectFailure | Cause::RefusedStream)
    }
}

impl BreakerPolicy for GrpcLanguage {
    type Base = Language;

    fn counts(cause: Cause) -> bool {
        Self::Base::counts(cause)
            || matches!(
                cause,
                Cause::Grpc(
                    Grpc::DeadlineExceeded | Grpc::Internal | Grpc::Unavailable | Grpc::DataLoss
                )
            )
    }
}

#[cfg(test)]
mod tests;
