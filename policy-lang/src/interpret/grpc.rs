//! What gRPC adds to HTTP: its own status, its own deadline, its own word for "later".
//!
//! After "gRPC over HTTP2" (`doc/PROTOCOL-HTTP2.md` of grpc/grpc), the mapping of statuses beside
//! it (`http-grpc-status-mapping.md`), and the proposal A6, "gRPC Retry Design".

use std::time::Duration;

use super::Millis;
use super::head::Fields;
use super::local::Answer;
use super::trace::Source;
use crate::plan::GrpcCode;

type Lines = Vec<(String, String)>;

fn line(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What makes a request one of gRPC.
pub(super) fn request_head() -> Lines {
    vec![line("content-type", "application/grpc"), line("te", "trailers")]
}

/// The head of an answer without a message.
pub(super) fn head(code: GrpcCode) -> Lines {
    let number = code.number().to_string();
    vec![line("content-type", "application/grpc"), line("grpc-status", &number)]
}

/// `application/grpc`, alone or with the format of its messages.
fn is_grpc(request: &Lines) -> bool {
    let mut types = request.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let kind = types.next().and_then(|(_, value)| value.strip_prefix("application/grpc"));
    kind.is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';']))
}

/// An answer of ours, as a caller of gRPC understands it: everything is in the head.
pub(super) fn answer(answer: &mut Answer, request: &Lines) {
    if answer.source == Source::Upstream {
        return;
    }
    let told = answer.grpc.take();
    if !is_grpc(request) {
        return;
    }
    let code = told.unwrap_or(code_of(answer.status));
    let text = percent_encoded(answer.text.trim_end());
    answer.fields.set("content-type", "application/grpc");
    answer.fields.add("grpc-status", &code.number().to_string());
    if !text.is_empty() {
        answer.fields.add("grpc-message", &text);
    }
    (answer.status, answer.grpc) = (200, Some(code));
}

/// The code that a client of gRPC derives from a status of HTTP, except for 408 and 504, which say that
/// the call's time ran out.
pub(crate) const fn code_of(status: u16) -> GrpcCode {
    match status {
        400 => GrpcCode::Internal,
        401 => GrpcCode::Unauthenticated,
        403 => GrpcCode::PermissionDenied,
        404 => GrpcCode::Unimplemented,
        429 | 502 | 503 => GrpcCode::Unavailable,
        408 | 504 => GrpcCode::DeadlineExceeded,
        _ => GrpcCode::Unknown,
    }
}

/// Printable ASCII but `%` stays as it is.
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'%';
    let encoded = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect()
}

/// The caller's `grpc-timeout`: at most eight digits and a unit.
pub(super) fn timeout(request: &Fields) -> Option<Duration> {
    if !is_grpc(&request.0) {
        return None;
    }
    let written = request.first("grpc-timeout")?;
    let (digits, unit) = written.split_at_checked(written.len().checked_sub(1)?)?;
    let right = (1..=8).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| right)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// In milliseconds, or in seconds if that has more than eight digits. Never 0: what is less than a millisecond
/// is not told apart here.
pub(super) fn timeout_text(left: Millis) -> String {
    match left {
        0 => "1n".to_owned(),
        1..=99_999_999 => format!("{left}m"),
        _ => format!("{}S", (left / 1000).min(99_999_999)),
    }
}

/// `grpc-retry-pushback-ms`; `None` if the server forbids another try. So does a value that cannot be
/// read (A6).
pub(super) fn pushback(value: &str) -> Option<Duration> {
    value.parse().ok().map(Duration::from_millis)
}
