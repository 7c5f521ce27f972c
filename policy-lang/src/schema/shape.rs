//! What may stand behind a key: a small language of shapes, read by the checker and
//! printed by the reference.

use super::row::Scope;

/// A sequence of arguments.
#[derive(Debug)]
pub enum Shape {
    Nothing,
    One(Kind),
    Seq(&'static [Shape]),
    Opt(&'static Shape),
    Either(&'static [Shape]),
    /// Separated by commas, at least one.
    List(&'static Shape),
    /// One after the other, any number.
    Many(&'static Shape),
}

/// One argument.
#[derive(Debug)]
pub enum Kind {
    Word(&'static str),
    Choice(&'static [&'static str]),
    /// Words or calls that the language has and this compiler does not carry out yet.
    Later(&'static [&'static str]),
    /// Something defined elsewhere.
    Name,
    /// A definition: a DNS label.
    NewName,
    /// A path of the schema.
    Path,
    Text(Text),
    Duration,
    Durations,
    Size,
    Percent,
    Rate,
    Integer {
        least: u64,
        most: u64,
    },
    /// `443`, `8000..8999`.
    Ports,
    /// `5xx`, `429`, `502..504`.
    Codes,
    /// One status that ends a call.
    Status,
    /// `grpc(unavailable, aborted)`: statuses of gRPC that are failures.
    GrpcFailures,
    /// `grpc(ok)`: what a call of gRPC is answered with.
    GrpcStatus,
    /// `/v1/stock/{sku}`.
    Pattern,
    /// A path as it is sent, with its query.
    Target,
    Methods,
    /// One method, in a test.
    Method,
    /// `GRPC`, in the place of a method.
    GrpcCall,
    Equals,
    Operator,
    /// `header("x")`.
    Header,
    /// What a test looks at.
    Subject,
    /// Any literal; judged where it is compared.
    Literal,
    /// A block inside a list.
    Block(Scope),
}

/// What a quoted string must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Any,
    /// `payment.shop.svc`, `*.example.com`.
    Host,
    /// `payment.shop.svc:8080`.
    HostPort,
    /// `payment.shop.svc`, the port optional.
    Authority,
    /// `127.0.0.1:9901`.
    Socket,
    /// `10.0.0.0/8`.
    Cidr,
    HeaderName,
    HeaderValue,
    /// `shop.v1.Pricing/Quote`.
    GrpcMethod,
    /// `shop.v1.Pricing/Quote`, or `shop.v1.Pricing/*` for all of a service.
    GrpcMethods,
    /// `2027-03-31`.
    Date,
}

impl Shape {
    /// As the reference prints it.
    pub fn usage(&self) -> String {
        let joined = |shapes: &[Self], between| {
            shapes.iter().map(Self::usage).collect::<Vec<_>>().join(between)
        };
        match self {
            Self::Nothing => String::new(),
            Self::One(kind) => kind.usage(),
            Self::Seq(parts) => joined(parts, " "),
            Self::Opt(inner) => format!("[{}]", inner.usage()),
            Self::Either(choices) => joined(choices, " | "),
            Self::List(entry) => format!("{}, …", entry.usage()),
            Self::Many(entry) => format!("[{} …]", entry.usage()),
        }
    }
}

impl Kind {
    fn usage(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Choice(words) | Self::Later(words) => words.join("|"),
            Self::Name => "NAME".to_owned(),
            Self::NewName => "NEW-NAME".to_owned(),
            Self::Path => "PATH".to_owned(),
            Self::Text(text) => text.usage().to_owned(),
            Self::Duration => "DURATION".to_owned(),
            Self::Durations => "DURATION..DURATION".to_owned(),
            Self::Size => "SIZE".to_owned(),
            Self::Percent => "PERCENT".to_owned(),
            Self::Rate => "RATE".to_owned(),
            Self::Integer { .. } => "INTEGER".to_owned(),
            Self::Ports => "PORT".to_owned(),
            Self::Codes => "STATUS".to_owned(),
            Self::Status => "CODE".to_owned(),
            Self::GrpcFailures => "grpc(CODE, …)".to_owned(),
            Self::GrpcStatus => "grpc(CODE)".to_owned(),
            Self::Pattern | Self::Target => "/PATH".to_owned(),
            Self::Methods => "METHOD|METHOD".to_owned(),
            Self::Method => "METHOD".to_owned(),
            Self::GrpcCall => "GRPC".to_owned(),
            Self::Equals => "==".to_owned(),
            Self::Operator => "OPERATOR".to_owned(),
            Self::Header => "header(\"NAME\")".to_owned(),
            Self::Subject => "SUBJECT".to_owned(),
            Self::Literal => "VALUE".to_owned(),
            Self::Block(_) => "{ … }".to_owned(),
        }
    }

    /// As diagnostics name it.
    pub fn noun(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Choice(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Later(_) => String::new(),
            Self::Name | Self::NewName => "a name".to_owned(),
            Self::Path => "a path such as `retry.attempts`".to_owned(),
            Self::Text(text) => text.noun().to_owned(),
            Self::Duration => "a duration".to_owned(),
            Self::Durations => "a range of durations".to_owned(),
            Self::Size => "a size".to_owned(),
            Self::Percent => "a share in percent".to_owned(),
            Self::Rate => "a rate".to_owned(),
            Self::Integer { .. } => "an integer".to_owned(),
            Self::Ports => "a port".to_owned(),
            Self::Codes => "a status".to_owned(),
            Self::Status => "a status code".to_owned(),
            Self::GrpcFailures | Self::GrpcStatus => "`grpc(…)`".to_owned(),
            Self::Pattern | Self::Target => "a path".to_owned(),
            Self::Methods | Self::Method => "a method".to_owned(),
            Self::GrpcCall => "`GRPC`".to_owned(),
            Self::Equals => "`==`".to_owned(),
            Self::Operator => "a comparison".to_owned(),
            Self::Header => "`header(\"…\")`".to_owned(),
            Self::Subject => "something to look at".to_owned(),
            Self::Literal => "a value".to_owned(),
            Self::Block(_) => "a block".to_owned(),
        }
    }
}

impl Text {
    const fn usage(self) -> &'static str {
        match self {
            Self::Any | Self::HeaderValue => "\"TEXT\"",
            Self::Host | Self::Authority => "\"HOST\"",
            Self::HostPort => "\"HOST:PORT\"",
            Self::Socket => "\"IP:PORT\"",
            Self::Cidr => "\"IP/PREFIX\"",
            Self::HeaderName => "\"HEADER\"",
            Self::GrpcMethod | Self::GrpcMethods => "\"SERVICE/METHOD\"",
            Self::Date => "\"YYYY-MM-DD\"",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Any => "a string",
            Self::Host => "a host name in quotes",
            Self::HostPort => "a `\"host:port\"`",
            Self::Authority => "a host in quotes",
            Self::Socket => "an `\"ip:port\"`",
            Self::Cidr => "an `\"ip/prefix\"`",
            Self::HeaderName => "a header's name in quotes",
            Self::HeaderValue => "a header's value in quotes",
            Self::GrpcMethod | Self::GrpcMethods => "a `\"service/method\"` in quotes",
            Self::Date => "a date in quotes",
        }
    }
}
