//! Every member of every policy has a last word, and it is what the reference says.

use super::*;
use crate::message::{Edits, RequestParts};

/// Says nothing.
struct Silent;

impl TimeoutPolicy for Silent {
    type Base = Language;
}

impl RetryPolicy for Silent {
    type Base = Language;
}

impl BreakerPolicy for Silent {
    type Base = Language;
}

impl HeaderPolicy for Silent {
    type Base = Language;
}

/// Says nothing about an upstream of gRPC.
struct SilentGrpc;

impl RetryPolicy for SilentGrpc {
    type Base = GrpcLanguage;
}

impl BreakerPolicy for SilentGrpc {
    type Base = GrpcLanguage;
}

#[test]
fn timeouts() {
    assert_eq!(Silent::TOTAL, Total::Off);
    assert_eq!(Silent::PER_TRY, None);
    assert_eq!((Silent::CONNECT, Silent::IDLE), (secs(3), mins(5)));
}

#[test]
fn retries() {
    assert_eq!(<Silent as RetryPolicy>::ATTEMPTS, 3);
    assert_eq!(Silent::BACKOFF, Backoff::full_jitter(millis(100), secs(30)));
    assert_eq!(Silent::RETRY_AFTER, RetryAfter::Honour { up_to: secs(5) });
    assert_eq!(Silent::BUDGET, budget::Spec { ratio: percent(20), floor_per_10s: 10 });
    assert_eq!(Silent::BUFFER, 65_536);
    for (cause, listed) in [
        (Cause::ConnectFailure, [true, true]),
        (Cause::RefusedStream, [true, true]),
        (Cause::Status(429), [true, false]),
        (Cause::Status(503), [true, false]),
        (Cause::Status(500), [false, false]),
        (Cause::Reset, [false, false]),
        (Cause::Timeout, [false, false]),
        (Cause::Grpc(Grpc::Unavailable), [false, false]),
    ] {
        assert_eq!([Silent::listed(cause), SilentGrpc::listed(cause)], listed, "{cause:?}");
    }
}

#[test]
fn methods_that_may_be_sent_twice() {
    for (method, may) in [(Method::Get, true), (Method::Put, false), (Method::Post, false)] {
        let parts = RequestParts { method, ..RequestParts::default() };
        let head = RequestHead { bytes: &[], fields: &[], parts: &parts };
        assert_eq!([Silent::repeatable(&head), SilentGrpc::repeatable(&head)], [may, may]);
    }
}

#[test]
fn breakers() {
    assert_eq!(Silent::ID, BreakerId::NONE);
    assert_eq!(Silent::TRIPS, [breaker::Trip::Failures { count: 5, within: secs(10) }]);
    assert_eq!(Silent::OPEN_FOR, breaker::OpenFor::Fixed(secs(30)));
    assert_eq!(Silent::PROBES, 1);
    for (cause, counts) in [
        (Cause::ConnectFailure, [true, true]),
        (Cause::Reset, [true, true]),
        (Cause::Timeout, [true, true]),
        (Cause::Status(500), [true, true]),
        (Cause::Status(501), [false, false]),
        (Cause::Status(505), [false, false]),
        (Cause::Status(599), [true, true]),
        (Cause::RefusedStream, [false, false]),
        (Cause::Grpc(Grpc::Unavailable), [false, true]),
        (Cause::Grpc(Grpc::Aborted), [false, false]),
    ] {
        assert_eq!([Silent::counts(cause), SilentGrpc::counts(cause)], counts, "{cause:?}");
    }
}

#[test]
fn headers_are_left_alone() {
    let mut edits = Edits::default();
    let mut edit =
        HeadEdit { bytes: &[], fields: &mut [], edits: &mut edits, request: None, id: b"" };
    Silent::request(&mut edit);
    Silent::request_last(&mut edit);
    Silent::response(&mut edit);
    Silent::response_last(&mut edit);
    assert!(!edits.has("x"));
}

/// A member whose default is its base's, and that the language forgot, would be asked for without end.
#[test]
fn the_language_writes_every_member_that_others_inherit() {
    let language = include_str!("../language.rs");
    let mut seen = 0;
    for (name, policy) in [
        ("TimeoutPolicy", include_str!("../timeout.rs")),
        ("RetryPolicy", include_str!("../retry.rs")),
        ("BreakerPolicy", include_str!("../breaking.rs")),
        ("HeaderPolicy", include_str!("../headers.rs")),
    ] {
        let own = language.split(&format!("impl {name} for Language {{")).nth(1).unwrap();
        let own = own.split("\n}\n").next().unwrap();
        for inherited in policy.split("Self::Base::").skip(1) {
            let member: String = inherited
                .chars()
                .take_while(|char| char.is_alphanumeric() || *char == '_')
                .collect();
            let written = [format!("const {member}:"), format!("fn {member}(")];
            assert!(written.iter().any(|text| own.contains(text)), "{name}::{member}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4 + 7 + 5 + 4);
}
