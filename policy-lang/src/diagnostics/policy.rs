//! Findings about what a policy does: routes, retries, breakers, headers, tests.

use super::{Code, Diagnostic, Severity};
use crate::span::Span;

pub(crate) fn missing_total(span: Span, place: &str) -> Diagnostic {
    Diagnostic::new(Code::MissingSetting, span, format!("{place} has no `timeout`"))
        .here("a call to it might never end")
        .help("say how long a call may take: `timeout 2s`")
        .about(Some("timeout"))
}

pub(crate) fn duplicate_host(span: Span, host: &str, other: &str, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateHost, span, format!("calls to `{host}` belong to two upstreams"))
        .also(first, format!("upstream `{other}` has it already"))
        .help("make them routes of one upstream, or take the name away from one")
}

pub(crate) fn duplicate_listen(span: Span, address: &str, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateListen,
        span,
        format!("`{address}` is taken by another listener of ours"),
    )
    .also(first, "taken here")
    .help("choose another port")
}

pub(crate) fn default_listen_taken(span: Span, address: &str) -> Diagnostic {
    Diagnostic::new(
        Code::DuplicateListen,
        span,
        format!("`{address}` is taken by another listener of ours"),
    )
    .here("the proxy itself listens there by default")
    .help("choose another port")
}

pub(crate) fn intercepts_itself(span: Span, port: u16, listen: Option<Span>) -> Diagnostic {
    let found = Diagnostic::new(
        Code::InterceptsItself,
        span,
        format!("calls to our own port {port} would be redirected to ourselves"),
    )
    .help(format!("leave it out, or write `except ports {port}`"));
    match listen {
        Some(listen) => found.also(listen, "we listen there"),
        None => found.here(format!("the proxy listens on {port} by default")),
    }
}

pub(crate) fn intercepts_nothing(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InterceptsNothing, span, "no port is redirected".to_owned())
        .here("`except ports` takes all of them away")
        .help("take `intercept` out, or except fewer ports")
}

pub(crate) fn unreachable_listen(span: Span, address: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnreachableListen,
        span,
        format!("redirected calls do not arrive at `{address}`"),
    )
    .note("the kernel redirects to 127.0.0.1 and ::1")
    .help("listen on `127.0.0.1`, or on `0.0.0.0` for callers from elsewhere too")
}

pub(crate) fn ambiguous_port(span: Span, port: u16, other: &str, earlier: Span) -> Diagnostic {
    Diagnostic::new(
        Code::AmbiguousPort,
        span,
        format!("connections to port {port} cannot be both TLS and HTTP"),
    )
    .here("redirected, and told by the name that TLS asks for")
    .also(earlier, format!("upstream `{other}` gets what is sent to that port as HTTP"))
    .help("take the port out of `intercept`, or have one of them dialled at another port")
}

pub(crate) fn unknown_capture(span: Span, name: &str) -> Diagnostic {
    let name = if name == "**" { name.to_owned() } else { format!("{{{name}}}") };
    Diagnostic::new(
        Code::UnknownCapture,
        span,
        format!("`{name}` is not captured by every `match` of the route"),
    )
}

/// The names in play where one route hides another.
pub(crate) struct Hidden<'a> {
    pub(crate) route: &'a str,
    pub(crate) by: &'a str,
    /// A request that proves it.
    pub(crate) witness: &'a str,
    /// The place of the earlier line that takes the witness.
    pub(crate) taken: Span,
}

pub(crate) fn unreachable_route(span: Span, hidden: &Hidden<'_>) -> Diagnostic {
    let Hidden { route, by, witness, taken } = hidden;
    Diagnostic::new(Code::UnreachableRoute, span, format!("no call ever reaches route `{route}`"))
        .here("everything it matches is taken by earlier routes")
        .also(*taken, format!("`{witness}` goes to `{by}`"))
        .note(format!("for example: `{witness}`"))
        .help("move the narrower route up, or take one of them away")
}

pub(crate) fn unreachable_match(span: Span, hidden: &Hidden<'_>) -> Diagnostic {
    let Hidden { route, by, witness, taken } = hidden;
    Diagnostic::new(
        Code::UnreachableMatch,
        span,
        format!("this line of route `{route}` matches nothing that is left"),
    )
    .also(*taken, format!("`{witness}` goes to `{by}`"))
    .help("take it away")
}

pub(crate) fn forbidden_header(span: Span, name: &str) -> Diagnostic {
    let why = match name {
        "host" => "use `rewrite host` for it",
        "content-length" => "it frames the message",
        "grpc-status" => "it says how the call ended",
        "grpc-timeout" => "each try says how much time is left",
        _ => "it belongs to one connection and is never forwarded",
    };
    Diagnostic::new(Code::ForbiddenHeader, span, format!("the header `{name}` cannot be edited"))
        .here(why)
}

/// A condition on a field that no condition sees.
pub(crate) fn matched_header(span: Span, name: &str) -> Diagnostic {
    let why = match name {
        "host" => "the upstream is chosen by it: name it in `hosts`",
        "content-length" => "it frames the message, and not every version of HTTP has it",
        "grpc-status" | "trailer" => "it is no field of a request",
        "grpc-timeout" => "each try says how much time is left",
        _ => "it belongs to one connection and is no part of the message",
    };
    Diagnostic::new(Code::ForbiddenHeader, span, format!("the header `{name}` cannot be matched"))
        .here(why)
}

/// A condition on a method that no route sees.
pub(crate) fn matched_connect(span: Span) -> Diagnostic {
    let found = Diagnostic::new(Code::UnreachableMatch, span, "no route ever gets a `CONNECT`");
    Diagnostic { severity: Severity::Error, ..found }
        .here("it asks for a tunnel, which is no call")
        .help("take it away; `otherwise` and the names of upstreams decide about tunnels")
}

pub(crate) fn scripted_framing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::ForbiddenHeader, span, format!("the header `{name}` cannot be scripted"))
        .here("the message says it by itself")
}

/// Who gets bytes, and where that is written.
pub(crate) struct OfBytes<'a> {
    pub(crate) upstream: &'a str,
    pub(crate) protocol: &'a str,
    pub(crate) span: Span,
}

pub(crate) fn http_only(span: Span, key: &str, of: &OfBytes<'_>) -> Diagnostic {
    let OfBytes { upstream, protocol, span: written } = of;
    Diagnostic::new(Code::HttpOnly, span, format!("`{key}` means nothing to upstream `{upstream}`"))
        .here("speaks of requests")
        .also(*written, format!("`{protocol}` is carried as bytes that nobody looks at"))
        .note("what holds for bytes: `timeout` with `connect` and `idle`, `breaker`, `limits`")
        .help("take it away, or name the HTTP that is spoken as `protocol`")
}

pub(crate) fn limits_of_http(span: Span, upstream: &str) -> Diagnostic {
    let what =
        format!("`limits` of upstream `{upstream}`, which speaks HTTP, are not yet supported");
    Diagnostic::new(Code::NotYetSupported, span, what)
        .here("hold for `protocol tcp` and `tls-passthrough` only")
        .note("the language has them, but this version of the compiler does not carry them out")
        .help(
            "take them away; `timeout`, `retry { budget … }` and `breaker` bound what an upstream of HTTP is sent",
        )
}

pub(crate) fn not_testable(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidTest, span, format!("`{name}` cannot be tested here"))
        .here("gets bytes that nobody looks at")
        .note("a test makes requests, and says what answers come")
        .help("test it with a connection to the running proxy")
}

/// `retry` is in force on a route that takes methods which must not be repeated blindly.
pub(crate) fn unsafe_retry(span: Span, route: &str, methods: &str, retry: Span) -> Diagnostic {
    Diagnostic::new(Code::UnsafeRetry, span, format!("`{methods}` of `{route}` could be carried out twice"))
        .here(format!("`{methods}` is not idempotent"))
        .also(retry, "retried here")
        .note("a try that failed may have been carried out all the same")
        .help("write `retry off`, or say when it is safe: `non-idempotent when header(\"idempotency-key\")`")
}

pub(crate) fn unsafe_methods(span: Span, methods: &str) -> Diagnostic {
    Diagnostic::new(Code::UnsafeRetry, span, format!("`{methods}` could be carried out twice"))
        .here("neither RFC 9110 nor IANA's registry of methods calls it idempotent")
        .note("a try that failed may have been carried out all the same")
        .note("what `methods` lists is repeated whatever `non-idempotent` says")
        .help("take it out of `methods`, and say when it is safe: `non-idempotent when header(\"idempotency-key\")`")
}

/// A field that cannot be the reason why a call may be repeated.
pub(crate) fn no_key(span: Span, field: &str, why: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnsafeRetry,
        span,
        format!("`{field}` does not show that a call may be repeated"),
    )
    .here(format!("`{field}` {why}"))
    .help(
        "name a field that a caller sends with such calls only: `when header(\"idempotency-key\")`",
    )
}

/// The upstream would not get the key that the caller gave.
pub(crate) fn edited_key(span: Span, field: &str, edit: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnsafeRetry,
        span,
        format!("`{field}` does not show that a call may be repeated"),
    )
    .here("the upstream must see this field as the caller sends it")
    .also(edit, "it is changed here")
    .help("leave the field alone, or say why all calls may be repeated: `always because \"…\"`")
}

/// A code after which a call may have been carried out, in `on` of an upstream of gRPC.
pub(crate) fn unsafe_code(span: Span, code: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnsafeRetry,
        span,
        format!("a call answered with `{code}` could be carried out twice"),
    )
    .here("every call of gRPC is a POST, which is not idempotent")
    .note("`unavailable`, `resource-exhausted` and `aborted` say that a call was not carried out")
    .help("leave the code out, or say when it is safe: `non-idempotent always because \"…\"`")
}

/// Something of gRPC, and its upstream, which does not speak gRPC.
pub(crate) struct NotGrpc {
    pub(crate) upstream: String,
    pub(crate) protocol: String,
}

pub(crate) fn not_grpc(span: Span, NotGrpc { upstream, protocol }: &NotGrpc) -> Diagnostic {
    Diagnostic::new(Code::NotGrpc, span, format!("upstream `{upstream}` does not speak gRPC"))
        .here("only calls of gRPC have this")
        .note(format!("`{upstream}` speaks `{protocol}`"))
        .help("write `protocol grpc` in the upstream, or take this away")
}

pub(crate) fn unbounded_call(span: Span, upstream: &str) -> Diagnostic {
    Diagnostic::new(
        Code::UnboundedCall,
        span,
        format!("a call to upstream `{upstream}` might never end"),
    )
    .here("only calls of gRPC may stream without an end")
    .help("say how long a call may take: `total 2s`")
}

pub(crate) fn per_try_not_below_total(
    span: Span,
    per_try: &str,
    total: Span,
    limit: &str,
) -> Diagnostic {
    Diagnostic::new(
        Code::PerTryNotBelowTotal,
        span,
        format!("a try of {per_try} does not end before the call of {limit} does"),
    )
    .here("must be shorter than the total")
    .also(total, format!("the whole call ends after {limit}"))
    .help("lower `per-try`, or raise `total`")
}

/// The try that cannot run, and the times that use up its time.
pub(crate) struct Late<'a> {
    pub(crate) ordinal: &'a str,
    pub(crate) earliest: &'a str,
    pub(crate) total: &'a str,
    pub(crate) total_span: Option<Span>,
}

pub(crate) fn tries_cannot_fit(span: Span, late: &Late<'_>) -> Diagnostic {
    let Late { ordinal, earliest, total, total_span } = late;
    let found =
        Diagnostic::new(Code::TriesCannotFit, span, format!("the {ordinal} try can never run"))
            .here(format!("the back-offs before it use up {earliest}"))
            .help("allow fewer attempts or more time, or shorten `backoff`");
    match total_span {
        Some(total_span) => found.also(*total_span, format!("the whole call ends after {total}")),
        None => found,
    }
}

pub(crate) fn synchronised_retries(span: Span, spread: &str) -> Diagnostic {
    Diagnostic::new(Code::SynchronisedRetries, span, "callers that fail together retry together")
        .here("every caller waits equally long")
        .fix("spread them", span, spread)
}

pub(crate) fn breaker_never_trips(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::BreakerNeverTrips, span, "this breaker can never trip")
        .here(why.to_owned())
}

pub(crate) fn unused_upstream(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::UnusedUpstream, span, format!("no call ever reaches upstream `{name}`"))
        .here("its routes answer everything themselves")
}

pub(crate) fn test_without(span: Span, name: &str, key: &str, problem: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidTest, span, format!("test `{name}` {problem}"))
        .help(format!("add a line with `{key}`"))
}

pub(crate) fn cannot_compare(span: Span, wanted: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidTest, span, "this cannot be compared")
        .here(format!("expected {wanted}"))
}
