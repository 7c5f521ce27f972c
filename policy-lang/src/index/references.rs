//! Every place of a policy that refers to something elsewhere.

use crate::Span;
use crate::conform::Node;
use crate::resolve::{Kind, Loaded, Program, extended, named};
use crate::syntax::ast::{Arg, Value};

/// A place and what it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    pub span: Span,
    /// The name of the definition; for an `import` the start of the file.
    pub target: Span,
}

/// What a name behind `key` refers to, as diagnostics name it; `direction` is the word
/// behind `headers`. `None`: names mean nothing there.
pub fn kind_of_name(key: &str, direction: Option<&str>) -> Option<&'static str> {
    Some(match key {
        "use" | "policy" => "policy",
        "headers" if direction == Some("response") => Kind::ResponseHeaders.title(),
        "headers" => Kind::RequestHeaders.title(),
        _ if key == "expect" || to_upstreams(key) => "upstream",
        _ => *["retry", "breaker", "timeout", "baseline"].iter().find(|kind| **kind == key)?,
    })
}

fn to_upstreams(key: &str) -> bool {
    matches!(key, "to" | "mirror" | "given" | "exempt")
}

pub(super) fn references(program: &Program<'_>, loaded: &Loaded) -> Vec<Reference> {
    let mut all = imports(loaded);
    for (file, nodes) in program.files.iter().enumerate() {
        for node in &nodes.nodes {
            let base = Kind::of(node).zip(extended(node));
            all.extend(
                base.and_then(|(kind, (name, arg))| layered(program, file, kind, name, arg)),
            );
            inside(program, file, node, &mut all);
        }
    }
    all
}

fn imports(loaded: &Loaded) -> Vec<Reference> {
    let imports = loaded.files.iter().flat_map(|file| &file.imports);
    let file = |number| u32::try_from(number).unwrap_or(u32::MAX);
    imports
        .map(|import| Reference {
            span: import.span,
            target: Span { file: file(import.file), start: 0, end: 0 },
        })
        .collect()
}

fn inside(program: &Program<'_>, file: usize, node: &Node<'_>, all: &mut Vec<Reference>) {
    for child in &node.children {
        match child.key() {
            "expect" => all.extend(expected(program, child)),
            key if to_upstreams(key) => {
                all.extend(child.args().filter_map(|arg| upstream(program, name(arg)?, arg.span)))
            }
            _ => {
                let named = Kind::of(child).zip(named(child));
                all.extend(
                    named.and_then(|(kind, (name, arg))| layered(program, file, kind, name, arg)),
                );
            }
        }
        inside(program, file, child, all);
    }
}

/// A name that is looked up in the file that it stands in.
fn layered(
    program: &Program<'_>,
    file: usize,
    kind: Kind,
    name: &str,
    arg: &Arg,
) -> Option<Reference> {
    let known = program.find(file, kind, name)?;
    let (_, target) = named(known.node)?;
    Some(Reference { span: arg.span, target: target.span })
}

/// All files share the upstreams.
fn upstream(program: &Program<'_>, name: &str, span: Span) -> Option<Reference> {
    let known = program.upstreams().find(|known| known.name == name)?;
    let (_, target) = named(known.node)?;
    Some(Reference { span, target: target.span })
}

/// `expect payment.breaker == open`, `expect route == charge`.
fn expected(program: &Program<'_>, node: &Node<'_>) -> Option<Reference> {
    let args: Vec<&Arg> = node.args().collect();
    let subject = name(args.first()?)?;
    if subject == "route" {
        let wanted = args.get(2)?;
        let name = name(wanted)?;
        return route(program, name, wanted.span).or_else(|| upstream(program, name, wanted.span));
    }
    let (upstream_name, _) = subject.rsplit_once('.')?;
    let start = args.first()?.span;
    let end = start.start + u32::try_from(upstream_name.len()).ok()?;
    upstream(program, upstream_name, Span { end, ..start })
}

fn route(program: &Program<'_>, name: &str, span: Span) -> Option<Reference> {
    let mut routes = program.upstreams().flat_map(|upstream| upstream.node.all("route"));
    let route = routes.find_map(|route| route.name().filter(|(known, _)| *known == name))?;
    Some(Reference { span, target: route.1.span })
}

fn name(arg: &Arg) -> Option<&str> {
    match &arg.value {
        Value::Name(name) => Some(name),
        _ => None,
    }
}
