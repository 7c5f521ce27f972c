//! What is `pub` and has no doc line.

use syn::visit::{self, Visit};
use syn::{Attribute, Field, Ident, ImplItem, Item, ItemEnum, ItemTrait, TraitItem, Visibility};

use crate::aside::Attributed;

/// The `pub` items of a file that no doc comment stands on, by name: types, functions, constants, and the
/// fields, variants and members of those that are `pub`. Modules say what they are in their own file.
pub fn undocumented(text: &str) -> Vec<String> {
    let parsed = syn::parse_file(text).unwrap();
    let mut seen = Seen::default();
    seen.visit_file(&parsed);
    seen.undocumented
}

#[derive(Default)]
struct Seen {
    undocumented: Vec<String>,
}

impl Seen {
    fn check(&mut self, name: &Ident, attributes: &[Attribute]) {
        if !attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
            self.undocumented.push(format!("{name}, line {}", name.span().start().line));
        }
    }
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_item(&mut self, item: &'ast Item) {
        if item.is_aside() {
            return;
        }
        if let Some((Visibility::Public(_), name)) = named(item) {
            self.check(name, item.attributes());
        }
        visit::visit_item(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if matches!(item.vis, Visibility::Public(_)) {
            for variant in &item.variants {
                self.check(&variant.ident, &variant.attrs);
            }
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if matches!(item.vis, Visibility::Public(_)) {
            for member in &item.items {
                let name = match member {
                    TraitItem::Const(member) => &member.ident,
                    TraitItem::Fn(member) => &member.sig.ident,
                    TraitItem::Type(member) => &member.ident,
                    _ => continue,
                };
                self.check(name, member.attributes());
            }
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let (Visibility::Public(_), Some(name)) = (&field.vis, &field.ident) {
            self.check(name, &field.attrs);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let (visibility, name) = match item {
            ImplItem::Const(item) => (&item.vis, &item.ident),
            ImplItem::Fn(item) => (&item.vis, &item.sig.ident),
            _ => return,
        };
        if matches!(visibility, Visibility::Public(_)) && !item.is_aside() {
            self.check(name, item.attributes());
        }
    }
}

fn named(item: &Item) -> Option<(&Visibility, &Ident)> {
    Some(match item {
        Item::Const(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Fn(item) => (&item.vis, &item.sig.ident),
        Item::Static(item) => (&item.vis, &item.ident),
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_and_says_nothing_is_found() {
        let text = "pub fn a() {}\n/// Said.\npub fn b() {}\nfn c() {}\npub(crate) fn d() {}\n\
                    /// Said.\npub struct E {\n    pub f: u8,\n    g: u8,\n}\n\
                    impl E {\n    pub const H: u8 = 1;\n    fn i() {}\n}\n\
                    /// Said.\npub enum J {\n    K,\n}\n\
                    /// Said.\npub trait L {\n    const M: u8;\n}\n\
                    #[cfg(test)]\npub fn n() {}\n";
        let expected = ["a, line 1", "f, line 8", "H, line 12", "K, line 17", "M, line 21"];
        assert_eq!(undocumented(text), expected);
    }
}
