//! Which request fields can be a key: those that a caller sends with calls that may be repeated, and with no
//! others.

/// Clients, and the proxies and libraries in between, write them into every request, so that a rule about
/// them would hold for every call.
const EVERYWHERE: [&str; 30] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "b3",
    "baggage",
    "cache-control",
    "cdn-loop",
    "cookie",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "from",
    "origin",
    "pragma",
    "priority",
    "referer",
    "save-data",
    "traceparent",
    "tracestate",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-api-key",
    "x-correlation-id",
    "x-real-ip",
    "x-request-id",
    "x-requested-with",
];
const EVERYWHERE_AS: [&str; 6] =
    ["content-", "sec-", "x-b3-", "x-envoy-", "x-forwarded-", "access-control-request-"];

/// The proxy reads or writes them itself.
const OURS: [&str; 2] = ["x-amb-attempt", "x-request-timeout"];
const OURS_AS: [&str; 2] = ["grpc-", "proxy-"];

/// Answers have them, and requests do not.
const OF_ANSWERS: [&str; 23] = [
    "accept-patch",
    "accept-post",
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "authentication-info",
    "cache-status",
    "etag",
    "expires",
    "last-modified",
    "location",
    "nel",
    "report-to",
    "retry-after",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-powered-by",
];

/// Why a field, in lower case, is no key; `None`: it can be one.
pub(super) fn why_none(field: &str) -> Option<&'static str> {
    let is = |names: &[&str], starts: &[&str]| {
        names.contains(&field) || starts.iter().any(|start| field.starts_with(start))
    };
    // `proxy-status` and its like are told to callers; none of them is a caller's own.
    if is(&OURS, &OURS_AS) {
        return Some("is for the proxy or its transport, whatever the call");
    }
    if is(&EVERYWHERE, &EVERYWHERE_AS) {
        return Some("comes with calls of every kind");
    }
    is(&OF_ANSWERS, &["access-control-"]).then_some("is a field of answers")
}
