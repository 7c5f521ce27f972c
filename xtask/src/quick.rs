//! The checks between two edits.
//!
//! Format, then lints, then tests. The compiler, the generator and the rules for all sources are always
//! looked at, for most changes show there; other crates when a file of theirs differs from `main`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::shell::{Failed, Step, root};

const ALWAYS: [&str; 4] = ["amb-policy-lang", "amb-codegen", "amb-tests-tidy", "amb-tests-ui"];

/// The tests of a crate that take seconds, as arguments of `cargo test`. Crates that are not listed
/// have none.
const FAST: [(&str, &[&str]); 7] = [
    (
        "amb-policy-lang",
        &[
            "--tests", "--", "--skip", SLOW[0], "--skip", SLOW[1], "--skip", SLOW[2], "--skip",
            SLOW[3],
        ],
    ),
    ("amb-codegen", &["--tests"]),
    ("amb-runtime", &["--lib"]),
    ("amb", &["--bins", "--test", "command", "--test", "samples"]),
    ("amb-tests-tidy", &[]),
    ("amb-tests-ui", &[]),
    ("xtask", &[]),
];

/// They compile thousands of policies.
const SLOW: [&str; 4] = [
    "sane_policies_are_accepted_without_a_word",
    "formatting_keeps_the_plan",
    "nothing_in_a_service_makes_a_broken_guardrail_hold",
    "what_is_not_called_weakened_allows_nothing_new",
];

pub(crate) fn run() -> Result<(), Failed> {
    let began = Instant::now();
    let packages = packages();
    Step::cargo(["fmt", "--all", "--check"]).run()?;
    let chosen = packages.iter().flat_map(|package| ["-p", package]);
    Step::cargo(["clippy", "--quiet", "--all-targets"])
        .args(chosen)
        .args(["--", "-D", "warnings"])
        .run()?;
    for (package, tests) in FAST.iter().filter(|(package, _)| packages.contains(*package)) {
        Step::cargo(["test", "--quiet", "-p", package]).args(*tests).run()?;
    }
    eprintln!("{} s", began.elapsed().as_secs());
    Ok(())
}

/// The crates to look at.
fn packages() -> BTreeSet<String> {
    let mut packages = BTreeSet::from(ALWAYS.map(str::to_owned));
    match changed() {
        Ok(files) => packages.extend(files.iter().filter_map(|file| package(&root(), file))),
        Err(Failed(why)) => eprintln!("only the core crates, for {why}"),
    }
    packages
}

/// Files that differ from the commit where this branch left `main`, and new ones.
fn changed() -> Result<Vec<String>, Failed> {
    let git = |arguments: &[&str]| Step::new("git").args(arguments).lines();
    let mut files = git(&["diff", "--name-only", "--merge-base", "main"])?;
    files.extend(git(&["ls-files", "--others", "--exclude-standard"])?);
    Ok(files)
}

/// The member of the workspace that a file belongs to.
fn package(root: &Path, file: &str) -> Option<String> {
    let mut folders = Path::new(file).ancestors().skip(1);
    let manifest =
        folders.find_map(|folder| fs::read_to_string(root.join(folder).join("Cargo.toml")).ok())?;
    // Where a workspace begins there is none of our packages.
    if manifest.lines().any(|line| line == "[workspace]") {
        return None;
    }
    let name = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
    Some(name.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(file: &str) -> Option<String> {
        package(&root(), file)
    }

    #[test]
    fn a_file_belongs_to_the_nearest_member() {
        assert_eq!(owner("codegen/src/lib.rs").as_deref(), Some("amb-codegen"));
        assert_eq!(owner("codegen/compiled/src/lib.rs").as_deref(), Some("amb-compiled"));
        assert_eq!(owner("tests/wire/build.rs").as_deref(), Some("amb-tests-wire"));
        assert_eq!(owner("tests/ui/policies/wrong-type.amb").as_deref(), Some("amb-tests-ui"));
        assert_eq!(owner("Cargo.toml"), None);
        assert_eq!(owner("bench/pingora/src/main.rs"), None);
    }

    #[test]
    fn the_crates_with_fast_tests_exist() {
        let folders =
            ["policy-lang", "codegen", "runtime", "cli", "tests/tidy", "tests/ui", "xtask"];
        let owners = folders.map(|folder| owner(&format!("{folder}/src/lib.rs")));
        assert_eq!(owners.map(Option::unwrap_or_default), FAST.map(|(package, _)| package));
    }

    #[test]
    fn the_slow_tests_exist() {
        let files = ["sane.rs", "weakening/promise.rs"];
        let text = |file| fs::read_to_string(root().join("policy-lang/tests").join(file)).unwrap();
        let tests = files.map(text).concat();
        assert!(SLOW.iter().all(|slow| tests.contains(&format!("fn {slow}()"))));
    }
}
