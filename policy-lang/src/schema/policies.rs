//! Settings of a call: timeouts, retries, breaker, headers, and how named ones are used.

use super::order::Order;
use super::paths::Measure;
use super::row::{Body, POLICIES, Row, Scope, part, row};
use super::shape::{Kind, Shape, Text};
use Shape::{Either, List, Nothing, One, Opt, Seq};

const TIMEOUT: &[Scope] = &[Scope::Timeout];
const RETRY: &[Scope] = &[Scope::Retry];
const BREAKER: &[Scope] = &[Scope::Breaker];
const HEADERS: &[Scope] = &[Scope::Headers];

const DURATION: Shape = One(Kind::Duration);
const NAME_OR_OFF: Shape = Opt(&Either(&[One(Kind::Word("off")), One(Kind::Name)]));
const DEADLINE: Shape = Seq(&[One(Kind::Word("deadline")), One(Kind::Word("max")), DURATION]);
const CAUSES: Shape = List(&Either(&[
    One(Kind::Choice(&["connect-failure", "reset", "timeout", "refused-stream"])),
    One(Kind::Codes),
    One(Kind::GrpcFailures),
]));
const COUNT: Shape = One(Kind::Integer { least: 1, most: 1_000_000 });
const WITHIN: Shape = Seq(&[One(Kind::Word("within")), DURATION]);
const FIELD: Shape = One(Kind::Text(Text::HeaderName));
const EDIT: Shape = Seq(&[
    FIELD,
    Either(&[
        One(Kind::Text(Text::HeaderValue)),
        One(Kind::Choice(&["request.id", "upstream.name", "service.name"])),
        One(Kind::Header),
    ]),
]);

pub(super) const ROWS: &[Row] = &[
    row(
        &[Scope::Defaults, Scope::Upstream, Scope::Route],
        "use",
        One(Kind::Name),
        "Applies a named policy.",
    )
    .many(),
    row(
        POLICIES,
        "timeout",
        Opt(&Either(&[DURATION, DEADLINE, One(Kind::Name)])),
        "How long a call may take.",
    )
    .body(Body::Instead(Scope::Timeout)),
    row(
        TIMEOUT,
        "total",
        Either(&[DURATION, DEADLINE, One(Kind::Word("off"))]),
        "From the complete request head to the end of the answer.",
    )
    .measure(Measure::Duration)
    .order(Order::Less),
    row(TIMEOUT, "per-try", DURATION, "One try, to the head of its answer.")
        .measure(Measure::Duration)
        .order(Order::Less),
    row(
        TIMEOUT,
        "connect",
        DURATION,
        "One connect. Linux repeats a packet that got lost on the way after 1 s, and again after 2 s more.",
    )
    .default("3s")
    .measure(Measure::Duration)
    .order(Order::Less),
    row(
        TIMEOUT,
        "idle",
        DURATION,
        "The longest time without a byte in either direction while a body is on its way.",
    )
    .default("5m")
    .measure(Measure::Duration)
    .order(Order::Less),
    row(POLICIES, "retry", NAME_OR_OFF, "Which failed tries are repeated, and when.")
        .body(Body::Optional(Scope::Retry))
        .measure(Measure::Presence)
        .order(Order::Less),
    row(
        RETRY,
        "attempts",
        One(Kind::Integer { least: 1, most: 10 }),
        "Tries of one call, the first included.",
    )
    .default("3")
    .measure(Measure::Integer)
    .order(Order::Less),
    row(RETRY, "on", CAUSES, "The failures that are worth another try.")
        .default("connect-failure, refused-stream, 429, 503")
        .default_of_grpc("connect-failure, refused-stream")
        .measure(Measure::List)
        .order(Order::Less),
    row(
        RETRY,
        "methods",
        List(&One(Kind::Methods)),
        "Methods whose tries may be repeated after they reached the upstream.",
    )
    .default("GET, HEAD, OPTIONS, TRACE")
    .measure(Measure::List)
    .order(Order::Less),
    row(
        RETRY,
        "non-idempotent",
        Either(&[
            One(Kind::Word("never")),
            Seq(&[One(Kind::Word("when")), One(Kind::Header)]),
            Seq(&[
                One(Kind::Word("always")),
                One(Kind::Word("because")),
                One(Kind::Text(Text::Any)),
            ]),
        ]),
        "Whether calls of other methods may be repeated.",
    )
    .default("never")
    .measure(Measure::Word)
    .order(Order::Words(&["never", "when", "always"])),
    row(
        RETRY,
        "backoff",
        Either(&[
            Seq(&[One(Kind::Choice(&["full-jitter", "equal-jitter"])), One(Kind::Durations)]),
            Seq(&[One(Kind::Word("fixed")), DURATION]),
        ]),
        "The wait before another try.",
    )
    .default("full-jitter 100ms..30s")
    .measure(Measure::Word)
    .parts(&[
        part("base", Measure::Duration, "What the windows of the waits grow from.")
            .order(Order::More),
        part("cap", Measure::Duration, "The longest window of a wait.").order(Order::More),
    ])
    .order(Order::Words(&["full-jitter", "equal-jitter", "fixed"])),
    row(
        RETRY,
        "retry-after",
        Either(&[
            One(Kind::Word("ignore")),
            Seq(&[
                One(Kind::Word("honour")),
                One(Kind::Word("up")),
                One(Kind::Word("to")),
                DURATION,
            ]),
        ]),
        "How long a wait the upstream may ask for.",
    )
    .default("honour up to 5s")
    .measure(Measure::Word)
    .parts(&[part("up-to", Measure::Duration, "The longest wait that the upstream may ask for.")
        .order(Order::Less)])
    .order(Order::Words(&["honour", "ignore"])),
    row(
        RETRY,
        "budget",
        Seq(&[One(Kind::Percent), One(Kind::Word("min")), One(Kind::Rate)]),
        "The share of calls that may be retries, and how many are always allowed.",
    )
    .default("20% min 1/s")
    .parts(&[
        part("share", Measure::Percent, "The share of calls that may be retries.")
            .order(Order::Less),
        part("min", Measure::Rate, "How many retries are always allowed, whatever the share.")
            .order(Order::Less),
    ]),
    row(RETRY, "buffer", One(Kind::Size), "Request body that is kept for another try.")
        .default("64KiB")
        .measure(Measure::Size)
        .order(Order::Less),
    row(
        RETRY,
        "hedge",
        Seq(&[One(Kind::Word("after")), DURATION]),
        "A second try while the first is still running.",
    )
    .later(),
    row(POLICIES, "breaker", NAME_OR_OFF, "Stops calling an upstream that fails.")
        .body(Body::Optional(Scope::Breaker))
        .measure(Measure::Presence)
        .order(Order::More),
    row(BREAKER, "failures", Seq(&[COUNT, WITHIN]), "Trips after so many failures in a window.")
        .default("5 within 10s")
        .only("if no other rule is written")
        .parts(&[
            part("count", Measure::Integer, "How many failures in the window trip it.")
                .order(Order::Less),
            part("within", Measure::Duration, "The window in which failures are counted.")
                .order(Order::More),
        ])
        .order(Order::More),
    row(BREAKER, "consecutive-failures", COUNT, "Trips after so many failures in a row.")
        .measure(Measure::Integer)
        .order(Order::Less),
    row(
        BREAKER,
        "failure-rate",
        Seq(&[One(Kind::Percent), One(Kind::Word("of")), COUNT, WITHIN]),
        "Trips when a share of at least so many calls failed.",
    )
    .parts(&[
        part("share", Measure::Percent, "The share of failed calls that trips it.")
            .order(Order::Less),
        part("samples", Measure::Integer, "How many calls there must be before a share counts.")
            .order(Order::Less),
        part("within", Measure::Duration, "The window in which calls are counted."),
    ])
    .order(Order::More),
    row(
        BREAKER,
        "slow",
        Seq(&[DURATION, One(Kind::Word("rate")), One(Kind::Percent)]),
        "Trips when a share of the calls is slow.",
    )
    .parts(&[
        part("threshold", Measure::Duration, "From which duration on a call is slow.")
            .order(Order::Less),
        part("share", Measure::Percent, "The share of slow calls that trips it.")
            .order(Order::Less),
    ])
    .order(Order::More),
    row(
        BREAKER,
        "open-for",
        Either(&[DURATION, One(Kind::Durations)]),
        "How long it stays open; a range doubles.",
    )
    .default("30s")
    .measure(Measure::Duration)
    .order(Order::More),
    row(
        BREAKER,
        "probes",
        One(Kind::Integer { least: 1, most: 1000 }),
        "Calls that test the upstream while half-open.",
    )
    .default("1")
    .measure(Measure::Integer),
    row(
        BREAKER,
        "scope",
        Either(&[One(Kind::Choice(&["upstream"])), One(Kind::Later(&["endpoint"]))]),
        "Whose state it is.",
    )
    .default("upstream"),
    row(BREAKER, "counts", CAUSES, "What counts as a failure.")
        .default("connect-failure, reset, timeout, 500, 502..504, 506..599")
        .default_of_grpc(
            "connect-failure, reset, timeout, 500, 502..504, 506..599, grpc(unavailable, internal, data-loss, deadline-exceeded)",
        )
        .measure(Measure::List)
        .order(Order::More),
    row(
        POLICIES,
        "headers",
        Seq(&[One(Kind::Choice(&["request", "response"])), Opt(&One(Kind::Name))]),
        "Edits of header fields, in order.",
    )
    .body(Body::Optional(Scope::Headers))
    .many(),
    row(HEADERS, "set", EDIT, "Replaces every line of a field.").many(),
    row(HEADERS, "add", EDIT, "One more line of a field.").many(),
    row(HEADERS, "default", EDIT, "A field, if there is none yet.").many(),
    row(HEADERS, "remove", List(&FIELD), "Takes fields away.").many(),
    row(
        POLICIES,
        "correlation-id",
        Either(&[One(Kind::Word("off")), FIELD]),
        "The field that names a call through all services.",
    )
    .measure(Measure::Word)
    .order(Order::More),
    row(POLICIES, "trace", Opt(&One(Kind::Word("off"))), "Continues or starts a W3C trace.")
        .measure(Measure::Presence)
        .order(Order::More),
    row(POLICIES, "rate-limit", Nothing, "How many calls are let through.")
        .later()
        .measure(Measure::Presence)
        .order(Order::More),
    row(POLICIES, "fault", Nothing, "Failures on purpose.").later().measure(Measure::Presence),
    row(POLICIES, "concurrency", COUNT, "How many calls may run at the same time.")
        .later()
        .measure(Measure::Presence)
        .order(Order::Less),
];
