use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

/// The crate whose files are given, from `lib.rs` on.
fn graph(files: &[(&str, &str)]) -> Graph {
    let files: BTreeMap<PathBuf, &str> =
        files.iter().map(|(path, text)| (PathBuf::from(path), *text)).collect();
    let read = |path: &Path| files.get(path).map(|text| (*text).to_owned());
    Graph::of(&Tree::read(Path::new("lib.rs"), &read))
}

/// Its shortest circle as `a > b > a`; empty if there is none.
fn circle(files: &[(&str, &str)]) -> String {
    let Some(Circle(edges)) = graph(files).shortest_circle() else { return String::new() };
    let mut shown = edges[0].from.clone();
    for edge in edges {
        shown = format!("{shown} > {}", edge.to);
    }
    shown
}

#[test]
fn of_two_circles_the_shortest_is_told() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::a::A;\nuse crate::d::D;"),
        ("d.rs", "use crate::c::{self, C};"),
    ];
    assert_eq!(circle(&files), "c > d > c");
    let told = graph(&files).shortest_circle().unwrap().to_string();
    assert_eq!(told, "  c takes from d: D\n    c.rs:2\n  d takes from c: C, self\n    d.rs:1\n");
}

#[test]
fn a_descent_has_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        ("a/mod.rs", "mod inner; use super::b::B; pub struct A;"),
        ("a/inner.rs", "use super::A; use std::fmt; use ::b::B;"),
        ("b.rs", "pub struct B;"),
    ];
    assert_eq!(circle(&files), "");
}

#[test]
fn every_way_of_naming_something_counts() {
    for text in [
        "use crate::a::A;",
        "use super::a::A;",
        "use {std::fmt, crate::{a as renamed}};",
        "use crate::a::*;",
        "use crate::A;",
        "fn f(a: crate::a::A) {}",
        "fn f() { super::a::f(); }",
        "fn f() { use super::a::f; f(); }",
        "fn f() { let text = format!(\"{}\", crate::a::A); }",
        "fn f() { super::super::b::inner::super_super(); }\nmod inner { use super::super::a; }",
        "impl crate::a::T for B {}",
        "#[cfg(unix)]\nuse crate::a::A;",
    ] {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "use crate::b; pub struct A;"),
            ("b.rs", text),
        ];
        assert_eq!(circle(&files), "a > b > a", "{text}");
    }
}

#[test]
fn what_only_tests_name_does_not_count() {
    for text in [
        "#[cfg(test)]\nmod tests { use crate::a::A; }",
        "#[cfg(feature = \"testing\")]\npub mod testing { use crate::a::A; }",
        "#[cfg(any(test, feature = \"testing\"))]\nuse crate::a::A;",
        "#[cfg(test)]\nimpl B { fn f() { crate::a::f() } }",
        "impl B { #[cfg(test)]\nfn f() { crate::a::f() } }",
        "struct B { #[cfg(feature = \"testing\")]\na: crate::a::A }",
        "fn f() { #[cfg(test)]\nlet a = crate::a::A; }",
        "/// See [`crate::a::A`].\npub(in crate::b) fn f() { std::a::f(); ::a::f(); a::f(); }",
        "fn f() { println!(\"crate::a\"); vec![b::a::A]; }",
    ] {
        let files =
            [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b; pub struct A;"), ("b.rs", text)];
        assert_eq!(circle(&files), "", "{text}");
    }
}

#[test]
fn a_circle_may_go_through_what_the_root_has_itself() {
    let files = [("lib.rs", "mod a; use a::A; pub const X: A = A;"), ("a.rs", "use crate::X;")];
    assert_eq!(circle(&files), "(root) > a > (root)");
    let handed_on =
        [("lib.rs", "mod a; mod b; pub use a::A;"), ("a.rs", "use crate::b::B;"), ("b.rs", "")];
    assert_eq!(circle(&handed_on), "");
}

#[test]
fn a_module_may_be_in_a_file_that_its_attribute_names() {
    let files = [
        ("lib.rs", "#[path = \"else/where.rs\"]\nmod a; mod b;"),
        ("else/where.rs", "mod below; use crate::b::B;"),
        ("else/below.rs", ""),
        ("b.rs", "use crate::a::A;"),
    ];
    assert_eq!(circle(&files), "a > b > a");
}
