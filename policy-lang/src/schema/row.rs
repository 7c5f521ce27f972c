//! One row of the table: a setting, where it stands, what it takes, what it means.

use super::order::Order;
use super::paths::Measure;
use super::shape::Shape;

/// A kind of block, and so a place where settings stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    File,
    Service,
    Intercept,
    Observe,
    AccessLog,
    Baseline,
    Defaults,
    Policy,
    Upstream,
    Route,
    Limits,
    Timeout,
    Retry,
    Breaker,
    Headers,
    /// `respond 404 { … }`, `fallback 202 { … }`.
    Reply,
    Test,
    Request,
    /// Fields of a scripted answer in a test.
    Fields,
}

impl Scope {
    /// As diagnostics name it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Service => "`service`",
            Self::Intercept => "`intercept`",
            Self::Observe => "`observe`",
            Self::AccessLog => "`access-log`",
            Self::Baseline => "`baseline`",
            Self::Defaults => "`defaults`",
            Self::Policy => "`policy`",
            Self::Upstream => "`upstream`",
            Self::Route => "`route`",
            Self::Limits => "`limits`",
            Self::Timeout => "`timeout`",
            Self::Retry => "`retry`",
            Self::Breaker => "`breaker`",
            Self::Headers => "`headers`",
            Self::Reply => "a reply",
            Self::Test => "`test`",
            Self::Request => "`request`",
            Self::Fields => "a scripted answer",
        }
    }
}

/// Where the policies of a call may be written.
pub(super) const POLICIES: &[Scope] =
    &[Scope::Defaults, Scope::Policy, Scope::Upstream, Scope::Route];

/// May a block follow?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Never,
    Optional(Scope),
    /// Without arguments there must be one.
    Instead(Scope),
    Required(Scope),
}

impl Body {
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::Never => None,
            Self::Optional(scope) | Self::Instead(scope) | Self::Required(scope) => Some(scope),
        }
    }
}

/// What holds where a setting is not written: the language's own value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// As it would be written behind the key, and as lowering reads it; empty: nothing.
    pub value: &'static str,
    /// The same for an upstream of gRPC, where it is another; empty: it is not.
    pub grpc: &'static str,
    /// On which condition it holds; empty: always.
    pub only: &'static str,
}

impl Unwritten {
    const NOTHING: Self = Self { value: "", grpc: "", only: "" };

    /// For people; empty: there is none.
    pub fn text(&self) -> String {
        let mut text = self.value.to_owned();
        for (between, more) in [(" ", self.only), ("; for gRPC ", self.grpc)] {
            if !more.is_empty() {
                text += between;
                text += more;
            }
        }
        text
    }
}

/// One setting.
#[derive(Debug)]
pub struct Row {
    /// Where it may stand.
    pub scopes: &'static [Scope],
    pub key: &'static str,
    /// What stands behind the key.
    pub shape: Shape,
    pub body: Body,
    pub default: Unwritten,
    /// One sentence for the reference, for hover and completion.
    pub doc: &'static str,
    /// Whether the proxy carries it out. If not, the compiler refuses it where it is written.
    pub supported: bool,
    /// May stand more than once in a block.
    pub repeats: bool,
    /// What a guardrail compares, if it may speak about this setting.
    pub measure: Option<Measure>,
    /// What a guardrail compares of a setting that says several things, each under a path of its own.
    pub parts: &'static [Part],
    /// Which of two values allows a call less.
    pub order: Order,
}

/// One of the things that a setting says: its key behind the setting's, and what it bounds.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub key: &'static str,
    pub measure: Measure,
    pub doc: &'static str,
    pub order: Order,
}

impl Part {
    pub(super) const fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }
}

/// A part of a setting.
pub(super) const fn part(key: &'static str, measure: Measure, doc: &'static str) -> Part {
    Part { key, measure, doc, order: Order::None }
}

/// A supported setting that has no block and may be written once.
pub(super) const fn row(
    scopes: &'static [Scope],
    key: &'static str,
    shape: Shape,
    doc: &'static str,
) -> Row {
    Row {
        scopes,
        key,
        shape,
        body: Body::Never,
        default: Unwritten::NOTHING,
        doc,
        supported: true,
        repeats: false,
        measure: None,
        parts: &[],
        order: Order::None,
    }
}

impl Row {
    pub(super) const fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    pub(super) const fn default(self, value: &'static str) -> Self {
        Self { default: Unwritten { value, ..self.default }, ..self }
    }

    pub(super) const fn default_of_grpc(self, grpc: &'static str) -> Self {
        Self { default: Unwritten { grpc, ..self.default }, ..self }
    }

    /// The condition of the default.
    pub(super) const fn only(self, only: &'static str) -> Self {
        Self { default: Unwritten { only, ..self.default }, ..self }
    }

    pub(super) const fn later(self) -> Self {
        Self { supported: false, ..self }
    }

    pub(super) const fn many(self) -> Self {
        Self { repeats: true, ..self }
    }

    pub(super) const fn measure(self, measure: Measure) -> Self {
        Self { measure: Some(measure), ..self }
    }

    pub(super) const fn parts(self, parts: &'static [Part]) -> Self {
        Self { parts, ..self }
    }

    pub(super) const fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// How it is written: `backoff full-jitter|equal-jitter DURATION..DURATION`.
    pub fn usage(&self) -> String {
        let block = match self.body {
            Body::Never => "",
            Body::Optional(_) | Body::Instead(_) => "[{ … }]",
            Body::Required(_) => "{ … }",
        };
        let parts = [self.key.to_owned(), self.shape.usage(), block.to_owned()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
