//! What gRPC adds to HTTP: statuses of its own, a deadline, and a word for "later".
//!
//! The statuses travel behind an HTTP status of 200: in the head of an answer without a message
//! (Trailers-Only), otherwise in the trailers. After "gRPC over HTTP2" and "HTTP to gRPC Status Code
//! Mapping" (`doc/` of grpc/grpc), and the proposal A6, "gRPC Retry Design".

use std::io::Write as _;
use std::time::Duration;

use crate::message::RequestHead;

/// The content type of a call; its messages' format may follow.
pub(crate) const CONTENT_TYPE: &str = "application/grpc";

/// A status code of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grpc {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Grpc {
    /// In the order of their numbers, from 0.
    pub(crate) const ALL: [Self; 17] = [
        Self::Ok,
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// What `grpc-status` says; a number that nobody knows means UNKNOWN.
    pub(crate) fn of_field(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?.trim();
        let number: usize = text.parse().ok()?;
        Some(Self::ALL.get(number).copied().unwrap_or(Self::Unknown))
    }

    /// What a client of gRPC makes of a status of HTTP, but for 408 and 504: it is the call's time that ran
    /// out.
    pub(crate) const fn of_http(status: u16) -> Self {
        match status {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502 | 503 => Self::Unavailable,
            408 | 504 => Self::DeadlineExceeded,
            _ => Self::Unknown,
        }
    }

    /// The status of HTTP that says the same (google/rpc/code.proto).
    pub(crate) const fn as_http(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::InvalidArgument | Self::FailedPrecondition | Self::OutOfRange => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::ResourceExhausted => 429,
            Self::Cancelled => 499,
            Self::Unknown | Self::Internal | Self::DataLoss => 500,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// By it a server says that it has not carried the call out.
    pub(crate) const fn declines(self) -> bool {
        matches!(self, Self::Unavailable | Self::ResourceExhausted | Self::Aborted)
    }

    /// As policies, metrics and log lines call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::InvalidArgument => "invalid-argument",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::PermissionDenied => "permission-denied",
            Self::ResourceExhausted => "resource-exhausted",
            Self::FailedPrecondition => "failed-precondition",
            Self::Aborted => "aborted",
            Self::OutOfRange => "out-of-range",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::DataLoss => "data-loss",
            Self::Unauthenticated => "unauthenticated",
        }
    }
}

/// Is it a call of gRPC? So its content type says.
pub(crate) fn is_call(head: RequestHead<'_>) -> bool {
    let rest = head.field("content-type").and_then(|it| it.strip_prefix(CONTENT_TYPE.as_bytes()));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

/// The caller's `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn timeout(head: RequestHead<'_>) -> Option<Duration> {
    let (unit, digits) = head.field("grpc-timeout")?.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) || !is_call(head)
    {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Time that is left, as `grpc-timeout` says it.
#[derive(Debug)]
pub(crate) struct TimeLeft {
    /// Eight digits and a unit.
    text: [u8; 9],
    length: usize,
}

impl TimeLeft {
    /// In milliseconds; in seconds if that has more than eight digits, in nanoseconds if it is less than one.
    /// Never 0, which is no time to a call that still has some.
    pub(crate) fn of(left: Duration) -> Self {
        const MOST: u128 = 99_999_999;
        let mut text = [0; 9];
        let mut free = text.as_mut_slice();
        // INVARIANT: none of the numbers has more than eight digits.
        drop(match left.as_millis() {
            0 => write!(free, "{}n", left.as_nanos().max(1)),
            millis @ 1..=MOST => write!(free, "{millis}m"),
            millis => write!(free, "{}S", (millis / 1000).min(MOST)),
        });
        let length = 9 - free.len();
        Self { text, length }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }
}

/// `grpc-retry-pushback-ms`: how long to wait; `None`: the server wants no other try. What cannot be
/// read means that as well (A6).
pub(crate) fn pushback(value: &[u8]) -> Option<Duration> {
    std::str::from_utf8(value).ok()?.parse().ok().map(Duration::from_millis)
}

/// `grpc-message`: printable ASCII but `%` stays as it is.
pub(crate) fn message(text: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b'%' | 0..=0x1f | 0x7f.. => encoded.extend(format!("%{byte:02X}").bytes()),
            plain => encoded.push(plain),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_grpc() {
        for (at, code) in Grpc::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), at);
            assert_eq!(Grpc::of_field(at.to_string().as_bytes()), Some(code));
        }
        for (field, expect) in [
            ("14", Some(Grpc::Unavailable)),
            ("17", Some(Grpc::Unknown)),
            ("99999", Some(Grpc::Unknown)),
            ("ok", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(Grpc::of_field(field.as_bytes()), expect, "{field}");
        }
    }

    #[test]
    fn time_left_has_at_most_eight_digits_and_is_never_nothing() {
        for (left, expect) in [
            (Duration::ZERO, "1n"),
            (Duration::from_micros(999), "999000n"),
            (Duration::from_micros(1_999), "1m"),
            (Duration::from_millis(150), "150m"),
            (Duration::from_millis(99_999_999), "99999999m"),
            (Duration::from_millis(100_000_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(TimeLeft::of(left).as_bytes(), expect.as_bytes());
        }
    }

    #[test]
    fn pushbacks_that_cannot_be_read_are_vetoes() {
        for (value, expect) in [
            ("0", Some(Duration::ZERO)),
            ("250", Some(Duration::from_millis(250))),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(pushback(value.as_bytes()), expect, "{value}");
        }
    }

    #[test]
    fn messages_are_printable() {
        assert_eq!(message("100% späť\n".as_bytes()), b"100%25 sp%C3%A4%C5%A5%0A");
    }
}
