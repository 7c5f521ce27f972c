//! `unsafe` stands where SECURITY.md says, and nowhere else.

use std::fs;

use amb_tests_tidy::workspace::{folder, shown, sources};

const PLACES: [&str; 2] = ["runtime/src/buffer/trim.rs", "tests/wire/tests/alloc.rs"];
/// What lifts the lint of `Cargo.toml`; in two parts, so that this is no place of it.
const LIFTED: &str = concat!("(unsafe", "_code");

#[test]
fn unsafe_stands_where_it_is_said() {
    let lifted =
        sources().into_iter().filter(|it| fs::read_to_string(it).unwrap().contains(LIFTED));
    let lifted: Vec<_> = lifted.map(|path| shown(&path)).collect();
    assert_eq!(lifted, PLACES);
    let said = fs::read_to_string(folder().join("SECURITY.md")).unwrap();
    assert!(PLACES.iter().all(|place| said.contains(&format!("`{place}`"))), "not in SECURITY.md");
}
