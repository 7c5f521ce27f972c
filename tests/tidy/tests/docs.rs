//! What policies are written in says what it is.

use std::fs;

use amb_tests_tidy::docs::undocumented;
use amb_tests_tidy::workspace::{folder, shown, sources};

/// Folders whose every `pub` item has a doc line.
const DOCUMENTED: [&str; 2] = ["runtime/src/spec", "runtime/src/policy"];

#[test]
fn every_public_item_that_policies_name_has_a_doc_line() {
    let folders = DOCUMENTED.map(|path| folder().join(path));
    let mut wrong = Vec::new();
    for path in sources() {
        if folders.iter().any(|folder| path.starts_with(folder)) {
            let names = undocumented(&fs::read_to_string(&path).unwrap());
            wrong.extend(names.into_iter().map(|name| format!("{}: {name}", shown(&path))));
        }
    }
    assert!(wrong.is_empty(), "no doc line:\n{}", wrong.join("\n"));
}
