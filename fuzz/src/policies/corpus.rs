//! What is mutated: every policy of the repository, wrong ones included, and some made by chance.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders of policies, seen from the root of the repository.
const FOLDERS: [&str; 4] =
    ["tests/ui/policies", "tests/wire/policies", "tests/differential/policies", "examples"];
const BY_CHANCE: u64 = 40;

/// In the order of their names.
pub fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files: Vec<_> = FOLDERS.iter().flat_map(|folder| below(&root.join(folder))).collect();
    files.sort();
    let written = files.into_iter().map(|file| fs::read_to_string(file).unwrap());
    written.chain((0..BY_CHANCE).map(amb_tests_policies::small)).collect()
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let policies = entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] });
    policies.filter(|path| path.extension().is_some_and(|it| it == "amb")).collect()
}
