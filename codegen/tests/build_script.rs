//! What the build script of a deployment tells cargo: which file is compiled, and when it refuses.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fs;

use amb_codegen::build::{Environment, Script, files, script};
use amb_codegen::generate;
use amb_codegen::source::FileLoader;
use amb_policy_lang::compile;
use tempfile::TempDir;

const POLICY: &str = "edition 2026\nservice order\nimport_line\notherwise pass\n";

/// A deployment's folder with an `out` beside its policy.
struct Deployment {
    folder: TempDir,
}

impl Deployment {
    fn new(policy: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("order.amb"), policy).unwrap();
        Self { folder }
    }

    /// As `amb generate` would.
    fn generate(self) -> Self {
        let plan = compile("order.amb", &FileLoader::new(self.folder.path())).plan.unwrap();
        fs::create_dir(self.folder.path().join("generated")).unwrap();
        for (name, text) in files(&generate(&plan)) {
            fs::write(self.folder.path().join("generated").join(name), text).unwrap();
        }
        self
    }

    fn edit(self, policy: &str) -> Self {
        fs::write(self.folder.path().join("order.amb"), policy).unwrap();
        self
    }

    fn run(&self, locked: bool) -> Script {
        let folder = self.folder.path().to_path_buf();
        let script = script("order.amb", &Environment { out: folder.join("out"), folder, locked });
        let here = self.folder.path().display().to_string();
        Script { stdout: script.stdout.replace(&here, "."), ..script }
    }
}

fn policy(imports: &str) -> String {
    POLICY.replace("import_line", imports)
}

#[test]
fn what_was_reviewed_is_compiled() {
    for locked in [false, true] {
        let script = Deployment::new(&policy("")).generate().run(locked);
        assert!(!script.failed);
        assert!(script.stdout.contains("cargo::rustc-env=AMB_PROXY=./generated/proxy.rs\n"));
        assert!(!script.stdout.contains("cargo::warning"));
        assert_eq!(script.stderr, "");
    }
}

#[test]
fn while_developing_the_fresh_copy_is_compiled() {
    let deployment =
        Deployment::new(&policy("")).generate().edit(&policy("listen \"127.0.0.1:1500\""));
    let script = deployment.run(false);
    assert!(!script.failed);
    assert!(
        script.stdout.contains("cargo::rustc-env=AMB_PROXY=./out/proxy.rs\n"),
        "{}",
        script.stdout
    );
    assert!(script.stdout.contains(
        "cargo::warning=generated/proxy.rs and generated/plan.txt: not what order.amb says; \
         run `amb generate order.amb`\n"
    ));
    let fresh = fs::read_to_string(deployment.folder.path().join("out/proxy.rs")).unwrap();
    assert!(fresh.contains("1500"));
}

#[test]
fn a_locked_build_refuses_what_was_not_reviewed() {
    let deployment =
        Deployment::new(&policy("")).generate().edit(&policy("listen \"127.0.0.1:1500\""));
    let script = deployment.run(true);
    assert!(script.failed);
    assert!(
        script.stdout.contains("cargo::error=generated/proxy.rs and generated/plan.txt: not what")
    );
    assert!(script.stdout.contains("run `amb generate order.amb` and review the change\n"));
    assert!(!script.stdout.contains("AMB_PROXY"));
    assert!(
        script
            .stderr
            .contains("-    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 15001); // language\n"),
        "{}",
        script.stderr
    );
    assert!(script.stderr.contains("+    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 1500);"));
}

#[test]
fn nothing_checked_in_yet_is_a_difference() {
    assert!(Deployment::new(&policy("")).run(true).failed);
    assert!(!Deployment::new(&policy("")).run(false).failed);
}

#[test]
fn findings_reach_the_user_through_cargo() {
    let script = Deployment::new("edition 2026\nservice order\n").run(false);
    assert!(script.failed);
    let line = script.stdout.lines().find(|line| line.starts_with("cargo::error=")).unwrap();
    assert!(line.starts_with("cargo::error=order.amb:"), "{line}");
    assert!(line.contains("otherwise"), "{line}");
    assert!(script.stderr.contains("error["), "{}", script.stderr);
}

#[test]
fn every_input_is_watched() {
    let deployment = Deployment::new(&policy("import \"shared.amb\""));
    fs::write(deployment.folder.path().join("shared.amb"), "edition 2026\n").unwrap();
    let script = deployment.run(false);
    for watched in [
        "rerun-if-changed=./order.amb",
        "rerun-if-changed=./shared.amb",
        "rerun-if-changed=./generated",
        "rerun-if-env-changed=CI",
        "rerun-if-env-changed=AMB_LOCKED",
    ] {
        assert!(
            script.stdout.contains(&format!("cargo::{watched}\n")),
            "{watched}:\n{}",
            script.stdout
        );
    }
}

#[test]
fn the_embedded_document_is_written() {
    let deployment = Deployment::new(&policy("")).generate();
    deployment.run(true);
    let document = fs::read(deployment.folder.path().join("out/policy.json")).unwrap();
    assert!(amb_codegen::embed::find(&document).is_some());
}

#[test]
fn line_ends_of_another_system_are_named() {
    let deployment = Deployment::new(&policy("")).generate();
    for file in ["generated/proxy.rs", "generated/plan.txt"] {
        let path = deployment.folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replace('\n', "\r\n")).unwrap();
    }
    let script = deployment.run(true);
    assert!(script.failed);
    let advice = "cargo::error=generated/proxy.rs and generated/plan.txt: lines end in CRLF; write \
                  `generated/** text eol=lf` into .gitattributes, and check them out again\n";
    assert!(script.stdout.contains(advice), "{}", script.stdout);
    assert_eq!(script.stderr.lines().count(), 2, "{}", script.stderr);
}
