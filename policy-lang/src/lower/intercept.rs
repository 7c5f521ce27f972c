//! `intercept`, if the policy has it.

use super::{Cx, values};
use crate::conform::Node;
use crate::plan::{Cidr, Except, Intercept, OnExit, PortRange, Sourced};
use crate::syntax::ast::{Number, Value};

/// The checks report what is missing; here a default takes its place.
pub(super) fn intercept(cx: &Cx<'_, '_>, node: Option<&Node<'_>>) -> Option<Intercept> {
    let node = node?;
    let except = node.all("except").filter_map(|except| cx.written(Some(except), excepted));
    Some(Intercept {
        place: cx.place(node),
        ports: cx.written(node.one("ports"), ports).unwrap_or(Sourced::language(Vec::new())),
        except: except.collect(),
        on_exit: cx
            .written(node.one("on-exit"), on_exit)
            .unwrap_or(Sourced::language(OnExit::Open)),
    })
}

fn excepted(values: &[&Value]) -> Option<Except> {
    let (what, rest) = values.split_first()?;
    match values::word(what)? {
        "ports" => ports(rest).map(Except::Ports),
        "cidrs" => rest
            .iter()
            .map(|it| Cidr::parse(values::text(it)?))
            .collect::<Option<_>>()
            .map(Except::Cidrs),
        _ => rest.iter().map(|it| values::count(it)).collect::<Option<_>>().map(Except::Uids),
    }
}

fn ports(values: &[&Value]) -> Option<Vec<PortRange>> {
    values.iter().map(|value| range(value)).collect()
}

fn range(value: &Value) -> Option<PortRange> {
    let port = |number: u64| u16::try_from(number).ok();
    match value {
        Value::Number(Number::Integer(only)) => {
            port(*only).map(|only| PortRange { first: only, last: only })
        }
        Value::Range(Number::Integer(first), Number::Integer(last)) => {
            Some(PortRange { first: port(*first)?, last: port(*last)? })
        }
        _ => None,
    }
}

fn on_exit(values: &[&Value]) -> Option<OnExit> {
    match values::word(values.first()?)? {
        "closed" => Some(OnExit::Closed),
        _ => Some(OnExit::Open),
    }
}
