//! No circle of imports between the top-level modules of any crate.

use std::fs;

use amb_tests_tidy::graph::Graph;
use amb_tests_tidy::tree::Tree;
use amb_tests_tidy::workspace::targets;

#[test]
fn modules_take_names_in_one_direction() {
    let mut wrong = Vec::new();
    for target in targets() {
        let tree = Tree::read(&target.root, &|path| fs::read_to_string(path).ok());
        if let Some(circle) = Graph::of(&tree).shortest_circle() {
            wrong.push(format!("{}: its modules form a circle\n{circle}", target.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
