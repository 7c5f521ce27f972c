//! The picture of the runtime's rooms is true: each imports only from those drawn below it.

use std::collections::BTreeMap;
use std::fs;

use amb_tests_tidy::graph::{Graph, ROOT};
use amb_tests_tidy::tree::Tree;
use amb_tests_tidy::workspace::{folder, targets};

/// The names stand to the left of what is said of them.
const NAMES: usize = 44;

/// The picture below that title, without what its lines begin with.
fn picture(text: &str, begins: &str) -> Vec<String> {
    let lines = text.lines().map(|line| line.strip_prefix(begins).unwrap_or(line).trim_end());
    let from = lines.skip_while(|line| !line.starts_with("lifecycle "));
    from.take_while(|line| !line.starts_with("```")).map(str::to_owned).collect()
}

#[test]
fn rooms_import_from_those_that_are_drawn_below_them() {
    let read = |path: &str| fs::read_to_string(folder().join(path)).unwrap();
    let drawn = picture(&read("ARCHITECTURE.md"), "");
    assert_eq!(drawn, picture(&read("runtime/src/lib.rs"), "//! "), "two pictures differ");
    let names = |line: &str| -> Vec<String> {
        let names = line.get(..NAMES).unwrap_or(line);
        names.split_whitespace().map(str::to_owned).collect()
    };
    let rows: BTreeMap<String, usize> = drawn
        .iter()
        .enumerate()
        .flat_map(|(row, line)| names(line).into_iter().map(move |name| (name, row)))
        .collect();
    let runtime = targets().into_iter().find(|target| target.name == "amb-runtime").unwrap();
    let tree = Tree::read(&runtime.root, &|path| fs::read_to_string(path).ok());
    let mut wrong = Vec::new();
    // What generated code names is no room: it stands above them all.
    for name in tree.modules.keys().filter_map(|path| path.first()).filter(|it| *it != "prelude") {
        if !rows.contains_key(name) {
            wrong.push(format!("{name} is not drawn"));
        }
    }
    for edge in Graph::of(&tree).edges().filter(|edge| edge.from != ROOT && edge.to != ROOT) {
        if rows.get(&edge.from) >= rows.get(&edge.to) {
            let (from, to, file) = (&edge.from, &edge.to, edge.file.display());
            wrong.push(format!("{from} imports {to}, which is not below it: {file}:{}", edge.line));
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
