//! Values as the author writes them: `250ms`, `5xx`, `full-jitter 100ms..30s`.
//!
//! Everything that shows a plan (summary, explanation, difference, generated
//! comments) prints values through these impls, so one value always has one spelling.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use super::{
    Address, Backoff, BackoffKind, Budget, Cause, Cidr, CodeRange, Except, Exemption, Freed,
    HeaderEdit, HeaderOp, HeaderTerm, HeaderValue, HostPattern, Layer, Match, Method,
    NonIdempotent, OnExit, OpenFor, Origin, Otherwise, PathPattern, Percent, Plan, PortRange,
    Protocol, Rate, Reply, Require, RetryAfter, Rewrite, Segment, Total, TripRule, Workers,
};

const UNITS: [(u128, &str); 3] = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
const SIZES: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];

/// The largest unit that keeps the number whole: `90s`, `2m`, `1500ms`. The greatest of all
/// durations stands for no bound.
pub fn duration(value: Duration) -> String {
    if value == Duration::MAX {
        return "unbounded".to_owned();
    }
    let millis = value.as_millis();
    match UNITS.iter().find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", millis / unit),
        None => format!("{millis}ms"),
    }
}

/// The largest binary unit that keeps the number whole: `64KiB`, `1000B`.
pub fn size(bytes: u64) -> String {
    match SIZES.iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// A comma-separated list, as settings are written.
pub fn list<T: Display>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A quoted string with the escapes of the language.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{{{:x}}}", u32::from(control)));
            }
            plain => quoted.push(plain),
        }
    }
    quoted + "\""
}

/// The text without characters that could redraw a terminal, or turn what stands around them.
pub fn printable(text: &str) -> String {
    text.chars().filter(|char| is_printable(*char)).collect()
}

/// Is it neither a control character nor one that turns text around?
pub fn is_printable(char: char) -> bool {
    !char.is_control() && !matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How an upstream is called as a place of the policy: by its name, unless that reads like a layer.
pub fn upstream_place(name: &str) -> String {
    const LAYERS: [&str; 8] = [
        "baseline",
        "defaults",
        "intercept",
        "language",
        "listen",
        "observe",
        "otherwise",
        "service",
    ];
    if LAYERS.contains(&name) { format!("upstream {name}") } else { name.to_owned() }
}

impl Plan {
    /// Who set a value: `order.amb:43`, `acme.amb:11 (baseline)`, `language`.
    pub fn origin_text(&self, origin: &Origin) -> String {
        let Origin::Written { layer, place } = origin else {
            return "language".to_owned();
        };
        let file = self.sources.get(place.file).map_or("?", |source| source.name.as_str());
        match layer {
            Layer::Baseline | Layer::Defaults | Layer::Policy(_) => {
                format!("{file}:{} ({layer})", place.line)
            }
            Layer::Upstream | Layer::Route | Layer::File => format!("{file}:{}", place.line),
        }
    }

    /// The place in the policy that set a value, which no edit elsewhere moves: `payment/charge`,
    /// `baseline acme`, `language`. `place` is where the value is in force.
    pub fn source_text(&self, origin: &Origin, place: &str) -> String {
        match origin {
            Origin::Language => "language".to_owned(),
            Origin::Written { layer: Layer::Baseline, .. } => match &self.service.baseline {
                Some(name) => format!("baseline {}", name.value),
                None => Layer::Baseline.to_string(),
            },
            Origin::Written { layer: layer @ (Layer::Defaults | Layer::Policy(_)), .. } => {
                layer.to_string()
            }
            Origin::Written { layer: Layer::Upstream, .. } => {
                upstream_place(place.split('/').next().unwrap_or(place))
            }
            Origin::Written { layer: Layer::Route | Layer::File, .. } => place.to_owned(),
        }
    }
}

impl Display for Require {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { path, operator, value, .. } = self;
        write!(f, "{path} {operator}")?;
        if value.is_empty() { Ok(()) } else { write!(f, " {value}") }
    }
}

impl Display for Exemption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { path, freed, until } = self;
        write!(f, "{path} for {} until {}", list(freed), quoted(until))
    }
}

impl Display for Freed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} at {}", self.upstream, quoted(&self.place))
    }
}

impl Display for Layer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Baseline => f.write_str("baseline"),
            Self::Defaults => f.write_str("defaults"),
            Self::Upstream => f.write_str("upstream"),
            Self::Policy(name) => f.write_str(name),
            Self::Route => f.write_str("route"),
            Self::File => f.write_str("file"),
        }
    }
}

impl Display for Workers {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Exactly(count) => write!(f, "{count}"),
        }
    }
}

impl Display for Otherwise {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Reject => "reject",
        })
    }
}

impl Display for PortRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}..{}", self.first, self.last),
        }
    }
}

impl Display for Cidr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Display for Except {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Ports(ports) => write!(f, "ports {}", list(ports)),
            Self::Cidrs(cidrs) => {
                let quoted: Vec<_> = cidrs.iter().map(|cidr| format!("\"{cidr}\"")).collect();
                write!(f, "cidrs {}", quoted.join(", "))
            }
            Self::Uids(uids) => write!(f, "uids {}", list(uids)),
        }
    }
}

impl Display for OnExit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
        })
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Dns { host, port } => write!(f, "{host}:{port}"),
            Self::Fixed(addresses) => f.write_str(&list(addresses)),
        }
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::Auto => "auto",
            Self::Tcp => "tcp",
            Self::TlsPassthrough => "tls-passthrough",
        })
    }
}

impl Display for HostPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Exact(host) => f.write_str(host),
            Self::Suffix(suffix) => write!(f, "*{suffix}"),
        }
    }
}

impl Display for Method {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Connect => "CONNECT",
            Self::Other(name) => name,
        })
    }
}

impl Display for PathPattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => write!(f, "/{text}")?,
                Segment::Capture(name) => write!(f, "/{{{name}}}")?,
            }
        }
        match (self.rest, self.segments.is_empty()) {
            (true, _) => f.write_str("/**"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

impl Display for HeaderTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "header({}) == {}", quoted(&self.name), quoted(&self.value))
    }
}

impl Match {
    /// `shop.v1.Pricing/Quote`, `shop.v1.Pricing/*`; `None` if the line speaks of HTTP.
    pub fn grpc_method(&self) -> Option<String> {
        match self.path.as_ref()?.segments.as_slice() {
            [Segment::Literal(service), Segment::Literal(method)] if self.grpc => {
                Some(format!("{service}/{method}"))
            }
            [Segment::Literal(service), _] if self.grpc => Some(format!("{service}/*")),
            _ => None,
        }
    }
}

impl Display for Match {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let methods: Vec<_> = self.methods.iter().map(ToString::to_string).collect();
        let mut terms = match self.grpc_method() {
            Some(method) => vec![format!("grpc {}", quoted(&method))],
            None => vec![methods.join("|")],
        };
        terms.extend(self.path.iter().filter(|_| !self.grpc).map(ToString::to_string));
        terms.extend(self.headers.iter().map(ToString::to_string));
        terms.retain(|term| !term.is_empty());
        match terms.is_empty() {
            true => f.write_str("any"),
            false => f.write_str(&terms.join(" ")),
        }
    }
}

impl Display for Rewrite {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let path = self.path.iter().map(|path| format!("path {path}"));
        let host = self.host.iter().map(|host| format!("host {}", quoted(host)));
        f.write_str(&path.chain(host).collect::<Vec<_>>().join(" "))
    }
}

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        match part {
            0 => write!(f, "{whole}%"),
            part => write!(f, "{whole}.{}%", format!("{part:04}").trim_end_matches('0')),
        }
    }
}

impl Display for Rate {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let per = duration(self.per);
        write!(f, "{}/{}", self.count, per.strip_prefix('1').unwrap_or(&per))
    }
}

impl Display for CodeRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (first, last) = (self.first, self.last);
        match (first == last, first % 100 == 0 && first.checked_add(99) == Some(last)) {
            (true, _) => write!(f, "{first}"),
            (_, true) => write!(f, "{}xx", first / 100),
            _ => write!(f, "{first}..{last}"),
        }
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::ConnectFailure => f.write_str("connect-failure"),
            Self::Reset => f.write_str("reset"),
            Self::Timeout => f.write_str("timeout"),
            Self::RefusedStream => f.write_str("refused-stream"),
            Self::Status(codes) => codes.fmt(f),
            Self::Grpc(code) => code.fmt(f),
        }
    }
}

impl Display for Total {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Fixed(limit) => f.write_str(&duration(*limit)),
            Self::Deadline { max } => write!(f, "deadline max {}", duration(*max)),
            Self::Off => f.write_str("off"),
        }
    }
}

impl Display for NonIdempotent {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::WhenHeader(name) => write!(f, "when header({})", quoted(name)),
            Self::Always { because } => write!(f, "always because {}", quoted(because)),
        }
    }
}

impl Display for Backoff {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (base, cap) = (duration(self.base), duration(self.cap));
        match self.kind {
            BackoffKind::FullJitter => write!(f, "full-jitter {base}..{cap}"),
            BackoffKind::EqualJitter => write!(f, "equal-jitter {base}..{cap}"),
            BackoffKind::Fixed => write!(f, "fixed {base}"),
        }
    }
}

impl Display for RetryAfter {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Ignore => f.write_str("ignore"),
            Self::Honour { up_to } => write!(f, "honour up to {}", duration(*up_to)),
        }
    }
}

impl Display for Budget {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} min {}", self.ratio, self.floor)
    }
}

impl TripRule {
    /// The setting's name.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Failures { .. } => "failures",
            Self::ConsecutiveFailures { .. } => "consecutive-failures",
            Self::FailureRate { .. } => "failure-rate",
            Self::Slow { .. } => "slow",
        }
    }

    /// Its arguments, without the name.
    pub fn arguments(&self) -> String {
        match self {
            Self::Failures { count, within } => format!("{count} within {}", duration(*within)),
            Self::ConsecutiveFailures { count } => count.to_string(),
            Self::FailureRate { ratio, samples, within } => {
                format!("{ratio} of {samples} within {}", duration(*within))
            }
            Self::Slow { threshold, ratio, .. } => format!("{} rate {ratio}", duration(*threshold)),
        }
    }
}

impl Display for OpenFor {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Fixed(time) => f.write_str(&duration(*time)),
            Self::Doubling { first, last } => {
                write!(f, "{}..{}", duration(*first), duration(*last))
            }
        }
    }
}

impl Display for HeaderValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::RequestId => f.write_str("request.id"),
            Self::UpstreamName => f.write_str("upstream.name"),
            Self::ServiceName => f.write_str("service.name"),
            Self::Header(name) => write!(f, "header({})", quoted(name)),
        }
    }
}

impl HeaderEdit {
    /// The operation's name: `set`, `add`, `default`, `remove`.
    pub const fn key(&self) -> &'static str {
        match self.op {
            HeaderOp::Set(_) => "set",
            HeaderOp::Add(_) => "add",
            HeaderOp::Default(_) => "default",
            HeaderOp::Remove => "remove",
        }
    }

    /// Its arguments, without the name: the field, and the value if it has one.
    pub fn arguments(&self) -> String {
        let name = quoted(&self.name);
        match &self.op {
            HeaderOp::Set(value) | HeaderOp::Add(value) | HeaderOp::Default(value) => {
                format!("{name} {value}")
            }
            HeaderOp::Remove => name,
        }
    }
}

impl Display for Reply {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let body = (!self.body.is_empty()).then(|| format!("body {}", quoted(&self.body)));
        let headers = self.headers.iter();
        let headers =
            headers.map(|(name, value)| format!("header {} {}", quoted(name), quoted(value)));
        let fields: Vec<_> = headers.chain(body).collect();
        match fields.is_empty() {
            true => write!(f, "{}", self.status),
            false => write!(f, "{} {{ {} }}", self.status, fields.join("; ")),
        }
    }
}
