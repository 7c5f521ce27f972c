//! Files and functions that fit into a head, in every crate.

use std::fs;
use std::path::Path;

use amb_tests_tidy::sizes::{Function, functions, median};
use amb_tests_tidy::workspace::{shown, sources};

/// The most lines that a file has.
const FILE: usize = 500;
/// What half of the files stay below, in lines.
const MEDIAN: usize = 150;
/// The most lines that a function has.
const FUNCTION: usize = 60;

#[test]
fn no_file_is_too_long() {
    let long = sources().into_iter().filter_map(|path| {
        let lines = lines(&path);
        (lines > FILE).then(|| format!("{}: {lines} lines", shown(&path)))
    });
    none(long);
}

#[test]
fn half_of_the_files_are_short() {
    let median = median(sources().iter().map(|path| lines(path)).collect());
    assert!(median < MEDIAN, "the median file has {median} lines");
}

#[test]
fn no_function_is_too_long() {
    let all = sources().into_iter().flat_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        functions(&path, &text)
    });
    let long = all.filter(|function| function.lines > FUNCTION).map(
        |Function { name, file, line, lines }| {
            format!("{}:{line}: `{name}` has {lines} lines", shown(&file))
        },
    );
    none(long);
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

fn none(found: impl Iterator<Item = String>) {
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
