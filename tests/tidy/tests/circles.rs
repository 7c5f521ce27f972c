//! No circle of imports between the top-level modules of any crate.

use std::fs;

use amb_tests_tidy::graph::Graph;
use amb_tests_tidy::tree::Tree;
use amb_tests_tidy::workspace::targets;

/// Crates that still have one. A crate that has none any more is an error here.
const KNOWN: &[&str] = &[];

#[test]
fn modules_take_names_in_one_direction() {
    let mut wrong = Vec::new();
    for target in targets() {
        let tree = Tree::read(&target.root, &|path| fs::read_to_string(path).ok());
        let known = KNOWN.contains(&target.name.as_str());
        match Graph::of(&tree).shortest_circle() {
            Some(circle) if !known => {
                wrong.push(format!("{}: its modules form a circle\n{circle}", target.name));
            }
            None if known => {
                wrong.push(format!(
                    "{} has no circle any more: take it out of KNOWN\n",
                    target.name
                ));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
