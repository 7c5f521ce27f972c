//! Everything in a policy that has a name.

use crate::Span;
use crate::conform::Node;
use crate::resolve::{Kind, Program, named};
use crate::syntax::ast::Arg;

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// As diagnostics name it: `retry`, `headers request`, `route`.
    pub kind: &'static str,
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The lines of its `##` comment.
    pub docs: Vec<String>,
}

impl Definition {
    fn new(kind: &'static str, name: &str, arg: &Arg, node: &Node<'_>) -> Self {
        Self { kind, name: name.to_owned(), span: arg.span, docs: node.statement.docs.clone() }
    }
}

/// The definitions of all files, those at the top of a file before routes.
pub(super) fn definitions(program: &Program<'_>) -> Vec<Definition> {
    let top = program.definitions.iter().flatten();
    let top = top.filter_map(|known| {
        let (name, arg) = named(known.node)?;
        Some(Definition::new(known.kind.title(), name, arg, known.node))
    });
    let upstreams = program.definitions.iter().flatten();
    let upstreams = upstreams.filter(|known| known.kind == Kind::Upstream);
    top.chain(upstreams.flat_map(|known| routes(known.node))).collect()
}

fn routes<'n>(upstream: &'n Node<'_>) -> impl Iterator<Item = Definition> + use<'n> {
    upstream.children.iter().filter(|child| child.key() == "route").filter_map(|route| {
        let (name, arg) = route.name()?;
        Some(Definition::new("route", name, arg, route))
    })
}
