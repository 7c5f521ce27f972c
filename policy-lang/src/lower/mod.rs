//! From nodes and layers to the plan. What is missing or unsound has been reported, or is
//! reported here. Lowering then goes on with the language's default, so that later checks
//! still see everything else.

mod block;
mod call;
mod deployment;
mod intercept;
mod language;
mod reply;
mod route;
mod test;
mod upstream;
mod values;

pub(crate) use call::NO_TOTAL;
pub(crate) use upstream::dialled;
pub(crate) use values::{codes, grpc_codes, text};

use crate::conform::Node;
use crate::diagnostics::{Diagnostic, file as report};
use crate::limits::INHERITED;
use crate::plan::{Layer, Place, Plan, Settings, Sourced};
use crate::resolve::{Applied, Effective, Program};
use crate::span::{Places, Span};
use crate::syntax::ast::Value;

/// What lowering reads from, and where it reports to.
pub(crate) struct Cx<'n, 'p> {
    pub(crate) program: &'p Program<'n>,
    pub(crate) applied: Applied<'p, 'n>,
    pub(crate) places: &'p Places<'p>,
    pub(crate) found: Vec<Diagnostic>,
    /// Bytes of the statements that the calls so far are made of.
    pub(crate) inherited: usize,
}

impl Cx<'_, '_> {
    fn place(&self, node: &Node<'_>) -> Place {
        self.places.of(node.statement.key_span)
    }

    /// Adds what a call is made of; `None`: all of them are made of too much.
    fn bear(&mut self, effective: &Effective<'_>, span: Span) -> Option<()> {
        self.inherited = self.inherited.saturating_add(effective.weight);
        let fits = self.inherited <= INHERITED;
        self.found.extend((!fits).then(|| report::inherits_too_much(span, INHERITED)));
        fits.then_some(())
    }

    /// What a sound node says, as written in the file.
    fn written<T>(
        &self,
        node: Option<&Node<'_>>,
        read: impl Fn(&[&Value]) -> Option<T>,
    ) -> Option<Sourced<T>> {
        let node = node.filter(|node| node.sound)?;
        let value = read(&node.values())?;
        Some(Sourced::written(value, Layer::File, self.place(node)))
    }
}

/// The settings of an upstream, or of one of its routes.
pub(crate) struct Call<'n> {
    /// Index in `Plan::upstreams`.
    pub(crate) upstream: usize,
    /// Index in `Upstream::routes`; `None`: the calls that no route matches.
    pub(crate) route: Option<usize>,
    pub(crate) effective: Effective<'n>,
    /// The name in `upstream NAME` or `route NAME`.
    pub(crate) span: Span,
}

impl Call<'_> {
    /// What the plan says about it.
    pub(crate) fn settings<'p>(&self, plan: &'p Plan) -> Option<&'p Settings> {
        let upstream = plan.upstreams.get(self.upstream)?;
        match self.route {
            None => Some(&upstream.settings),
            Some(route) => upstream.routes.get(route).map(|route| &route.settings),
        }
    }
}

/// A plan that may still break a rule.
pub(crate) struct Lowered<'n> {
    pub(crate) plan: Plan,
    /// Upstreams and routes in the plan's order, with the layers they came from.
    pub(crate) calls: Vec<Call<'n>>,
    /// The nodes of the plan's upstreams, in its order.
    pub(crate) nodes: Vec<&'n Node<'n>>,
}

/// `None`: what calls inherit is too much, or a default of the language cannot be read, so nothing compiles
/// at all; see `language`.
pub(crate) fn lower<'n>(cx: &mut Cx<'n, '_>) -> Option<Lowered<'n>> {
    let (upstreams, calls, nodes) = upstream::upstreams(cx)?;
    let mut plan = deployment::plan(cx)?;
    plan.tests = test::tests(cx, &upstreams);
    plan.blocks = block::blocks(cx, &upstreams)?;
    plan.upstreams = upstreams;
    Some(Lowered { plan, calls, nodes })
}
