//! Settings of the tests inside a policy.

use super::row::{Body, Row, Scope, row};
use super::shape::{Kind, Shape, Text};
use Shape::{Either, List, Many, One, Opt, Seq};

const TEST: &[Scope] = &[Scope::Test];

const STEP: Shape = Seq(&[
    Either(&[
        One(Kind::Choice(&["refused", "reset", "timeout"])),
        One(Kind::Status),
        One(Kind::GrpcStatus),
    ]),
    Opt(&Seq(&[One(Kind::Word("after")), One(Kind::Duration)])),
    Opt(&One(Kind::Block(Scope::Fields))),
]);
const TIMES: Shape =
    Seq(&[One(Kind::Word("times")), One(Kind::Integer { least: 1, most: 10_000 })]);
const EVERY: Shape = Seq(&[One(Kind::Word("every")), One(Kind::Duration)]);

pub(super) const ROWS: &[Row] = &[
    row(
        TEST,
        "request",
        Seq(&[
            Either(&[
                Seq(&[
                    One(Kind::GrpcCall),
                    One(Kind::Text(Text::Authority)),
                    One(Kind::Text(Text::GrpcMethod)),
                ]),
                Seq(&[One(Kind::Method), One(Kind::Text(Text::Authority)), One(Kind::Target)]),
            ]),
            Many(&Either(&[TIMES, EVERY])),
        ]),
        "A call of the application.",
    )
    .body(Body::Optional(Scope::Request))
    .many(),
    row(
        TEST,
        "given",
        Seq(&[One(Kind::Name), One(Kind::Word("replies")), List(&STEP)]),
        "What an upstream answers, in order, the last again and again.",
    )
    .body(Body::Optional(Scope::Fields))
    .many(),
    row(
        TEST,
        "expect",
        Seq(&[One(Kind::Subject), One(Kind::Operator), List(&One(Kind::Literal))]),
        "What must come out.",
    )
    .many(),
    row(&[Scope::Request], "body", One(Kind::Size), "The size of the request's body.")
        .default("0B"),
];
