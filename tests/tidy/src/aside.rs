//! What is only there for tests: behind `#[cfg(test)]`, or the feature `testing`.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, Stmt, Token, TraitItem};

/// Something that attributes stand on.
pub trait Attributed {
    fn attributes(&self) -> &[Attribute];

    /// Whether a build without tests and without the feature `testing` leaves it out.
    fn is_aside(&self) -> bool {
        is_aside(self.attributes())
    }
}

/// See [`Attributed::is_aside`].
pub fn is_aside(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .any(|attribute| holds(&attribute.parse_args().unwrap()) == Some(false))
}

/// Whether a condition holds where nothing is tested; `None` where it depends on something else.
fn holds(condition: &Meta) -> Option<bool> {
    match condition {
        Meta::Path(path) if path.is_ident("test") => Some(false),
        Meta::NameValue(pair) if pair.path.is_ident("feature") && is_testing(&pair.value) => {
            Some(false)
        }
        Meta::List(list) => {
            let parts: Punctuated<Meta, Token![,]> =
                list.parse_args_with(Punctuated::parse_terminated).unwrap();
            let parts: Vec<_> = parts.iter().map(holds).collect();
            if list.path.is_ident("not") {
                parts[0].map(|holds| !holds)
            } else if list.path.is_ident("all") {
                all(&parts)
            } else {
                let none: Vec<_> = parts.iter().map(|part| part.map(|holds| !holds)).collect();
                all(&none).map(|holds| !holds)
            }
        }
        _ => None,
    }
}

fn all(parts: &[Option<bool>]) -> Option<bool> {
    if parts.contains(&Some(false)) {
        return Some(false);
    }
    parts.iter().all(|part| *part == Some(true)).then_some(true)
}

fn is_testing(value: &Expr) -> bool {
    let Expr::Lit(literal) = value else { return false };
    matches!(&literal.lit, Lit::Str(text) if text.value() == "testing")
}

impl Attributed for Item {
    fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Const(item) => &item.attrs,
            Self::Enum(item) => &item.attrs,
            Self::ExternCrate(item) => &item.attrs,
            Self::Fn(item) => &item.attrs,
            Self::ForeignMod(item) => &item.attrs,
            Self::Impl(item) => &item.attrs,
            Self::Macro(item) => &item.attrs,
            Self::Mod(item) => &item.attrs,
            Self::Static(item) => &item.attrs,
            Self::Struct(item) => &item.attrs,
            Self::Trait(item) => &item.attrs,
            Self::TraitAlias(item) => &item.attrs,
            Self::Type(item) => &item.attrs,
            Self::Union(item) => &item.attrs,
            Self::Use(item) => &item.attrs,
            _ => &[],
        }
    }
}

impl Attributed for ImplItem {
    fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Const(item) => &item.attrs,
            Self::Fn(item) => &item.attrs,
            Self::Type(item) => &item.attrs,
            Self::Macro(item) => &item.attrs,
            _ => &[],
        }
    }
}

impl Attributed for TraitItem {
    fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Const(item) => &item.attrs,
            Self::Fn(item) => &item.attrs,
            Self::Type(item) => &item.attrs,
            Self::Macro(item) => &item.attrs,
            _ => &[],
        }
    }
}

impl Attributed for Stmt {
    fn attributes(&self) -> &[Attribute] {
        match self {
            Self::Local(local) => &local.attrs,
            Self::Item(item) => item.attributes(),
            Self::Macro(call) => &call.attrs,
            Self::Expr(Expr::Block(block), _) => &block.attrs,
            Self::Expr(Expr::If(condition), _) => &condition.attrs,
            Self::Expr(Expr::MethodCall(call), _) => &call.attrs,
            Self::Expr(Expr::Call(call), _) => &call.attrs,
            Self::Expr(..) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_tests_alone_have_is_left_out() {
        for (condition, aside) in [
            ("test", true),
            ("not(test)", false),
            ("feature = \"testing\"", true),
            ("feature = \"model\"", false),
            ("any(test, feature = \"testing\")", true),
            ("any(test, unix)", false),
            ("all(test, unix)", true),
            ("not(any(test, unix))", false),
            ("unix", false),
        ] {
            let item: Item = syn::parse_str(&format!("#[cfg({condition})] use a::b;")).unwrap();
            assert_eq!(item.is_aside(), aside, "{condition}");
        }
    }
}
