//! Settings of upstreams and routes: where calls go.

use super::order::Order;
use super::paths::Measure;
use super::row::{Body, POLICIES, Row, Scope, row};
use super::shape::{Kind, Shape, Text};
use Shape::{Either, List, Many, Nothing, One, Opt, Seq};

const UPSTREAM: &[Scope] = &[Scope::Upstream];
const LIMITS: &[Scope] = &[Scope::Limits];
const ROUTE: &[Scope] = &[Scope::Route];
const REPLY: &[Scope] = &[Scope::Reply];

/// `header("x-cohort") == "beta"`.
const TERM: Shape =
    Seq(&[One(Kind::Header), One(Kind::Equals), One(Kind::Text(Text::HeaderValue))]);
const MATCH: Shape = Either(&[
    One(Kind::Word("any")),
    Seq(&[One(Kind::Word("grpc")), One(Kind::Text(Text::GrpcMethods)), Many(&TERM)]),
    Seq(&[One(Kind::Methods), Opt(&One(Kind::Pattern)), Many(&TERM)]),
    Seq(&[One(Kind::Pattern), Many(&TERM)]),
    Seq(&[TERM, Many(&TERM)]),
]);

pub(super) const ROWS: &[Row] = &[
    row(
        UPSTREAM,
        "address",
        One(Kind::Text(Text::HostPort)),
        "Where it lives; a name is looked up again and again.",
    )
    .measure(Measure::Place)
    .order(Order::Place),
    row(
        UPSTREAM,
        "addresses",
        List(&One(Kind::Text(Text::Socket))),
        "Where it lives, as fixed addresses.",
    )
    .order(Order::Place),
    row(
        UPSTREAM,
        "hosts",
        List(&One(Kind::Text(Text::Host))),
        "More names that the application dials it by.",
    ),
    row(UPSTREAM, "listen", One(Kind::Text(Text::Socket)), "A local port of its own.")
        .measure(Measure::Presence)
        .order(Order::Place),
    row(
        UPSTREAM,
        "protocol",
        One(Kind::Choice(&["http1", "http2", "grpc", "auto", "tcp", "tls-passthrough"])),
        "What is spoken with it.",
    )
    .default("http1")
    .measure(Measure::Word)
    .order(Order::Place),
    row(
        UPSTREAM,
        "tls",
        Either(&[One(Kind::Choice(&["off"])), One(Kind::Later(&["simple", "mutual"]))]),
        "Whether calls are encrypted, and who proves who it is.",
    )
    .default("off")
    .measure(Measure::Word)
    .order(Order::Place),
    row(
        UPSTREAM,
        "balance",
        Either(&[
            One(Kind::Choice(&["round-robin"])),
            One(Kind::Later(&["p2c-ewma", "least-request", "random", "ring-hash"])),
        ]),
        "Which of its addresses takes the next try.",
    )
    .default("round-robin")
    .measure(Measure::Word),
    row(UPSTREAM, "outlier", Nothing, "Takes failing addresses out of balancing.")
        .later()
        .measure(Measure::Presence),
    row(
        UPSTREAM,
        "limits",
        Nothing,
        "How many connections, waiting and running calls it may have.",
    )
    .body(Body::Required(Scope::Limits))
    .measure(Measure::Presence),
    row(
        LIMITS,
        "connections",
        One(Kind::Integer { least: 1, most: 1_000_000 }),
        "Connections open at once, over all workers; only for `tcp` and `tls-passthrough`.",
    )
    .measure(Measure::Integer)
    .order(Order::Less),
    row(
        LIMITS,
        "pending",
        One(Kind::Integer { least: 1, most: 1_000_000 }),
        "Calls that wait for a connection.",
    )
    .later()
    .order(Order::Less),
    row(
        LIMITS,
        "requests",
        One(Kind::Integer { least: 1, most: 1_000_000 }),
        "Calls under way at once.",
    )
    .later()
    .order(Order::Less),
    row(UPSTREAM, "health", Nothing, "Active health checks.").later().measure(Measure::Presence),
    row(UPSTREAM, "route", One(Kind::NewName), "Some of its calls, with policies of their own.")
        .body(Body::Required(Scope::Route))
        .many(),
    row(
        ROUTE,
        "match",
        MATCH,
        "Which calls; lines are alternatives, terms on a line must all hold.",
    )
    .many(),
    row(ROUTE, "to", One(Kind::Name), "The upstreams that share the calls.")
        .later()
        .order(Order::Place),
    row(ROUTE, "mirror", One(Kind::Name), "A copy of a share of the calls.")
        .later()
        .order(Order::Place),
    row(
        ROUTE,
        "rewrite",
        Either(&[
            Seq(&[One(Kind::Word("path")), One(Kind::Pattern)]),
            Seq(&[One(Kind::Word("host")), One(Kind::Text(Text::Authority))]),
        ]),
        "The path or host that the upstream sees.",
    )
    .many()
    .order(Order::Place),
    row(ROUTE, "respond", One(Kind::Status), "Answers without calling anybody.")
        .body(Body::Optional(Scope::Reply)),
    row(
        POLICIES,
        "fallback",
        Either(&[One(Kind::Word("off")), One(Kind::Status)]),
        "Given in place of the proxy's own 502, 503 or 504.",
    )
    .body(Body::Optional(Scope::Reply))
    .measure(Measure::Presence),
    row(REPLY, "body", One(Kind::Text(Text::Any)), "What the answer says."),
    row(
        &[Scope::Reply, Scope::Request, Scope::Fields],
        "header",
        Seq(&[One(Kind::Text(Text::HeaderName)), One(Kind::Text(Text::HeaderValue))]),
        "A header field.",
    )
    .many(),
];
