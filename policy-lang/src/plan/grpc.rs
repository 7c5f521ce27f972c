//! gRPC's own statuses, which travel behind an HTTP status of 200.

use std::fmt::{Display, Formatter, Result};

/// A status code of gRPC, by the number that is sent (`doc/statuscodes.md` of grpc/grpc).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrpcCode {
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

/// In the order of their numbers, from 0.
pub const GRPC_CODES: [GrpcCode; 17] = [
    GrpcCode::Ok,
    GrpcCode::Cancelled,
    GrpcCode::Unknown,
    GrpcCode::InvalidArgument,
    GrpcCode::DeadlineExceeded,
    GrpcCode::NotFound,
    GrpcCode::AlreadyExists,
    GrpcCode::PermissionDenied,
    GrpcCode::ResourceExhausted,
    GrpcCode::FailedPrecondition,
    GrpcCode::Aborted,
    GrpcCode::OutOfRange,
    GrpcCode::Unimplemented,
    GrpcCode::Internal,
    GrpcCode::Unavailable,
    GrpcCode::DataLoss,
    GrpcCode::Unauthenticated,
];

impl GrpcCode {
    /// As policies write it.
    pub const fn name(self) -> &'static str {
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

    pub fn of_name(name: &str) -> Option<Self> {
        GRPC_CODES.into_iter().find(|code| code.name() == name)
    }

    /// As `grpc-status` says it.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether a server says by this code that it has not carried out the call. A policy that lists
    /// such a code in `on` needs no further reason to repeat the call.
    pub const fn declines(self) -> bool {
        matches!(self, Self::Unavailable | Self::ResourceExhausted | Self::Aborted)
    }
}

/// `grpc(unavailable)`.
impl Display for GrpcCode {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "grpc({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_those_of_grpc() {
        for (at, code) in GRPC_CODES.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), at);
            assert_eq!(GrpcCode::of_name(code.name()), Some(code));
        }
        assert_eq!(GrpcCode::Unavailable.number(), 14);
        assert_eq!(GrpcCode::of_name("UNAVAILABLE"), None);
    }
}
