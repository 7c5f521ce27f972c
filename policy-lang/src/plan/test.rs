//! `test "…" { … }`: what the author expects, for the interpreter and the compiled proxy alike.

use std::time::Duration;

use super::{CodeRange, GrpcCode, Place};

#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub name: String,
    pub place: Place,
    pub docs: Vec<String>,
    /// In order. Never empty.
    pub requests: Vec<TestRequest>,
    pub given: Vec<Given>,
    pub expects: Vec<Expect>,
}

/// `request POST "payment.shop.svc" /v1/charges times 6 every 10ms { header "k" "v"; body 1KiB }`.
#[derive(Clone, Debug, PartialEq)]
pub struct TestRequest {
    pub place: Place,
    pub method: String,
    /// As it stands in `Host`, a port included if written.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Written `request GRPC "host" "pkg.Service/Method"`.
    pub grpc: bool,
    pub times: u32,
    /// Start to start; `None`: each one starts when the one before has ended.
    pub every: Option<Duration>,
    pub headers: Vec<(String, String)>,
    pub body: u64,
}

/// `given NAME replies S, S, …`: in order, the last repeating.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    pub place: Place,
    pub upstream: String,
    /// Never empty.
    pub replies: Vec<ScriptedStep>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScriptedStep {
    pub reply: ScriptedReply,
    pub after: Duration,
    /// Fields of the scripted response, e.g. `retry-after`.
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptedReply {
    Status(u16),
    /// A gRPC answer without a message, its status in the head.
    Grpc(GrpcCode),
    /// The connection is refused.
    Refused,
    /// The request is read, then the connection ends without an answer.
    Reset,
    /// The request is read and never answered.
    Timeout,
}

/// `expect SUBJECT OP VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    pub place: Place,
    pub subject: Subject,
    pub operator: Operator,
    pub value: ExpectValue,
}

/// What is looked at; of the last request unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Status,
    /// Tries that reached for the network.
    Attempts,
    Elapsed,
    /// `NAME`, or the upstream's name where no route matched.
    Route,
    /// State of an upstream's breaker at the end.
    Breaker {
        upstream: String,
    },
    /// Requests that an upstream saw in the whole test.
    Requests {
        upstream: String,
    },
    /// A field of the last try's request, as the upstream got it.
    Header(String),
    ResponseHeader(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectValue {
    Integer(u64),
    Duration(Duration),
    /// `closed`, `open`, `half-open`, a route's name.
    Name(String),
    Text(String),
    IntegerRange(u64, u64),
    DurationRange(Duration, Duration),
    Statuses(Vec<CodeRange>),
    /// Any of these; of a `status`.
    Grpc(Vec<GrpcCode>),
}
