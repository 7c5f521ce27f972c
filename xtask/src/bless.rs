//! Writes anew what tests compare with: look at the difference before you commit it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::shell::{Failed, Step, root};

/// With these in their environment, tests write what they would compare with: insta its snapshots,
/// other tests their files.
const BLESS: [(&str, &str); 2] = [("INSTA_UPDATE", "always"), ("AMB_BLESS", "1")];

/// Messages, plans, explanations, the reference, the editors' grammar, goldens of the generator,
/// and the generated files of the examples.
pub(crate) fn all() -> Result<(), Failed> {
    for tests in [
        ["-p", "amb-policy-lang"].as_slice(),
        &["-p", "amb-codegen"],
        &["-p", "amb-tests-ui"],
        &["-p", "amb", "--test", "samples"],
    ] {
        Step::cargo(["test", "--quiet"]).args(tests).envs(BLESS).run()?;
    }
    for policy in deployments().map_err(|error| Failed(format!("examples: {error}")))? {
        let policy = policy.display().to_string();
        Step::cargo(["run", "--quiet", "-p", "amb", "--", "generate", &policy]).run()?;
    }
    Step::new("git").args(["status", "--short"]).run()
}

/// What a call may cost becomes what it costs now.
pub(crate) fn budget() -> Result<(), Failed> {
    Step::cargo(["run", "--quiet", "--release", "-p", "amb-tests-instructions"]).envs(BLESS).run()
}

/// The policies of the examples, without those that are only imported.
fn deployments() -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for example in files(&root().join("examples"))?.iter().filter(|path| path.is_dir()) {
        for file in files(example)? {
            let policy = file.extension().is_some_and(|extension| extension == "amb");
            if policy && fs::read_to_string(&file)?.lines().any(|line| line.starts_with("service "))
            {
                found.push(file.strip_prefix(root()).unwrap_or(&file).to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_are_no_deployments() {
        let found = deployments().unwrap();
        assert!(found.contains(&PathBuf::from("examples/order/order.amb")));
        assert!(!found.contains(&PathBuf::from("examples/order/acme.amb")));
        assert!(
            found.iter().all(|policy| root().join(policy).with_file_name("generated").is_dir())
        );
    }
}
