//! Settings of a file, of the service, and of what it shows of itself.

use super::order::Order;
use super::paths::Measure;
use super::row::{Body, Row, Scope, row};
use super::shape::{Kind, Shape, Text};
use Shape::{Either, List, Nothing, One, Opt, Seq};

const FILE: &[Scope] = &[Scope::File];
const SERVICE: &[Scope] = &[Scope::Service];
const INTERCEPT: &[Scope] = &[Scope::Intercept];
const OBSERVE: &[Scope] = &[Scope::Observe];
const LOG: &[Scope] = &[Scope::AccessLog];

const NEW: Shape = One(Kind::NewName);
const EXTENDS: Shape = Opt(&Seq(&[One(Kind::Word("extends")), One(Kind::Name)]));
/// `retry NAME`, `retry NAME extends OTHER`.
const DEFINITION: Shape = Seq(&[NEW, EXTENDS]);
const REQUIRE: Shape = Seq(&[
    One(Kind::Path),
    Either(&[One(Kind::Word("exists")), Seq(&[One(Kind::Operator), List(&One(Kind::Literal))])]),
]);
const EXEMPT: Shape = Seq(&[
    One(Kind::Path),
    One(Kind::Word("for")),
    List(&Seq(&[One(Kind::Name), One(Kind::Word("at")), One(Kind::Text(Text::HostPort))])),
    One(Kind::Word("until")),
    One(Kind::Text(Text::Date)),
]);
const PORTS: Shape = List(&One(Kind::Ports));
/// The last one stands for none.
const UID: Kind = Kind::Integer { least: 0, most: 4_294_967_294 };
const DIRECTION: Shape = One(Kind::Choice(&["request", "response"]));

pub(super) const ROWS: &[Row] = &[
    row(
        FILE,
        "edition",
        One(Kind::Integer { least: 0, most: 9999 }),
        "The edition of the language that the file is written in.",
    )
    .many(),
    row(
        FILE,
        "import",
        Seq(&[One(Kind::Text(Text::Any)), Opt(&Seq(&[One(Kind::Word("as")), NEW]))]),
        "Makes the names of another file visible, behind `NAME.` with `as NAME`.",
    )
    .many(),
    row(FILE, "service", NEW, "Who we are; exactly one per deployment.")
        .body(Body::Optional(Scope::Service)),
    row(
        FILE,
        "listen",
        One(Kind::Text(Text::Socket)),
        "The one port for redirected and for explicit calls.",
    )
    .default("\"127.0.0.1:15001\"")
    .order(Order::Place),
    row(FILE, "intercept", Nothing, "Which calls the kernel redirects to the proxy.")
        .body(Body::Required(Scope::Intercept)),
    row(FILE, "observe", Nothing, "Metrics, traces, access log and admin endpoint.")
        .body(Body::Required(Scope::Observe)),
    row(&[Scope::Baseline], "observe", Nothing, "What every service shows of itself.")
        .body(Body::Required(Scope::Observe)),
    row(FILE, "baseline", NEW, "What every service inherits, and what none may weaken.")
        .body(Body::Required(Scope::Baseline))
        .many(),
    row(&[Scope::File, Scope::Baseline], "defaults", Nothing, "Policies of every upstream.")
        .body(Body::Required(Scope::Defaults)),
    row(
        &[Scope::Baseline, Scope::File],
        "require",
        REQUIRE,
        "A limit that every effective value must keep.",
    )
    .many(),
    row(
        &[Scope::Baseline],
        "exempt",
        EXEMPT,
        "Frees upstreams at these addresses from a `require`, up to and including a day.",
    )
    .many(),
    row(FILE, "retry", DEFINITION, "A named retry policy.")
        .body(Body::Required(Scope::Retry))
        .many(),
    row(FILE, "breaker", DEFINITION, "A named circuit breaker.")
        .body(Body::Required(Scope::Breaker))
        .many(),
    row(FILE, "timeout", DEFINITION, "Named timeouts.").body(Body::Required(Scope::Timeout)).many(),
    row(FILE, "headers", Seq(&[DIRECTION, DEFINITION]), "Named header edits.")
        .body(Body::Required(Scope::Headers))
        .many(),
    row(FILE, "policy", DEFINITION, "Several policies under one name, applied by `use`.")
        .body(Body::Required(Scope::Policy))
        .many(),
    row(FILE, "upstream", NEW, "One service that we call.")
        .body(Body::Required(Scope::Upstream))
        .many(),
    row(
        FILE,
        "otherwise",
        One(Kind::Choice(&["pass", "reject"])),
        "What happens to a call that belongs to no upstream.",
    )
    .measure(Measure::Word)
    .order(Order::Words(&["reject", "pass"])),
    row(FILE, "test", One(Kind::Text(Text::Any)), "What the policy must do, in virtual time.")
        .body(Body::Required(Scope::Test))
        .many(),
    row(SERVICE, "baseline", One(Kind::Name), "The baseline whose defaults and guardrails apply."),
    row(
        SERVICE,
        "workers",
        Either(&[One(Kind::Word("auto")), One(Kind::Integer { least: 1, most: 1024 })]),
        "How many threads carry traffic.",
    )
    .default("auto")
    .measure(Measure::Integer)
    .order(Order::Less),
    row(SERVICE, "identity", One(Kind::Text(Text::Any)), "The SPIFFE ID that we present.")
        .later()
        .order(Order::Place),
    row(SERVICE, "certificate", One(Kind::Text(Text::Any)), "The file of our certificate chain.")
        .later()
        .order(Order::Place),
    row(SERVICE, "key", One(Kind::Text(Text::Any)), "The file of our private key.")
        .later()
        .order(Order::Place),
    row(SERVICE, "trust", One(Kind::Text(Text::Any)), "The file of the authorities that we trust.")
        .later()
        .order(Order::Place),
    row(
        SERVICE,
        "user",
        One(Kind::Integer { least: 1, most: 4_294_967_294 }),
        "The uid that the proxy runs under; with `intercept` nobody else may use it.",
    )
    .order(Order::Place),
    row(INTERCEPT, "ports", PORTS, "Destination ports whose connections are redirected.")
        .order(Order::More),
    row(
        INTERCEPT,
        "except",
        Either(&[
            Seq(&[One(Kind::Word("ports")), PORTS]),
            Seq(&[One(Kind::Word("cidrs")), List(&One(Kind::Text(Text::Cidr)))]),
            Seq(&[One(Kind::Word("uids")), List(&One(UID))]),
        ]),
        "Ports, destinations and users that are left alone.",
    )
    .many()
    .order(Order::Less),
    row(
        INTERCEPT,
        "on-exit",
        One(Kind::Choice(&["open", "closed"])),
        "What becomes of redirected calls when the proxy ends: they go directly, or are refused.",
    )
    .order(Order::Words(&["closed", "open"])),
    row(
        OBSERVE,
        "metrics",
        Nothing,
        "Metrics in the Prometheus text format, at the admin endpoint.",
    )
    .measure(Measure::Presence)
    .order(Order::More),
    row(OBSERVE, "traces", One(Kind::Word("otlp")), "Where spans are sent.")
        .later()
        .measure(Measure::Presence)
        .order(Order::More),
    row(
        OBSERVE,
        "access-log",
        One(Kind::Word("json")),
        "One JSON object a line on standard output.",
    )
    .body(Body::Optional(Scope::AccessLog))
    .measure(Measure::Presence),
    row(OBSERVE, "admin", One(Kind::Text(Text::Socket)), "The admin endpoint.")
        .default("\"127.0.0.1:9901\"")
        .only("with `metrics`")
        .measure(Measure::Presence)
        .order(Order::More),
    row(LOG, "sample", One(Kind::Percent), "The share of the calls that is written.")
        .default("100%")
        .measure(Measure::Percent),
    row(
        LOG,
        "when",
        Seq(&[One(Kind::Word("status")), One(Kind::Word("in")), List(&One(Kind::Codes))]),
        "Only calls answered with one of these statuses.",
    )
    .measure(Measure::List),
    row(
        LOG,
        "headers",
        List(&One(Kind::Text(Text::HeaderName))),
        "Request headers that are written.",
    )
    .measure(Measure::List)
    .order(Order::Less),
    row(
        LOG,
        "redact",
        List(&One(Kind::Text(Text::HeaderName))),
        "Headers and query parameters whose values are never written.",
    )
    .measure(Measure::List)
    .order(Order::More),
];
