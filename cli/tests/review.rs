//! What a reviewer sees of a change: what the change changes, and nothing else. With git itself.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use amb_codegen::generate;
use amb_codegen::source::FileLoader;
use amb_policy_lang::compile;
use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

/// The order example, checked in with what was generated from it.
struct Repository {
    folder: TempDir,
}

/// In one of the policy's files: what is replaced by what.
type Edit = (&'static str, &'static str, &'static str);

impl Repository {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/order");
        for file in ["order.amb", "acme.amb"] {
            fs::copy(example.join(file), folder.path().join(file)).unwrap();
        }
        let repository = Self { folder };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit();
        repository
    }

    fn run(&self, command: &mut Command) -> Result<String, String> {
        let output = command.current_dir(self.folder.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        if output.status.success() { Ok(out) } else { Err(out + &err) }
    }

    fn try_git(&self, arguments: &[&str]) -> Result<String, String> {
        let who = ["-c", "user.name=amb", "-c", "user.email=amb@localhost"];
        let mut git = Command::new("git");
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        self.run(git.args(who).args(arguments))
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.try_git(arguments).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
    }

    fn amb(&self, arguments: &[&str]) -> Result<String, String> {
        self.run(Command::new(cargo_bin!("amb")).args(arguments))
    }

    fn edit(&self, (file, from, to): Edit) {
        let path = self.folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn generate(&self) {
        self.amb(&["generate", "order.amb"]).unwrap();
    }

    fn commit(&self) {
        self.generate();
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", "a change"]);
    }

    /// Lines of `generated/` that differ from what is checked in: of `proxy.rs`, of `plan.txt`.
    fn changed(&self) -> [usize; 2] {
        ["generated/proxy.rs", "generated/plan.txt"].map(|file| {
            let counts = self.git(&["diff", "--numstat", "HEAD", "--", file]);
            let counts = counts.split_whitespace().take(2).map(|count| count.parse().unwrap());
            counts.max().unwrap_or(0)
        })
    }

    /// What metrics call the policy.
    fn label(&self) -> String {
        let plan = compile("order.amb", &FileLoader::new(self.folder.path())).plan.unwrap();
        let document: serde_json::Value =
            serde_json::from_str(&generate(&plan).policy_json).unwrap();
        document["generated-sha256"].as_str().unwrap().to_owned()
    }
}

#[test]
fn comments_and_layout_change_nothing() {
    for edit in [
        ("order.amb", "edition 2026\n", "# Who calls whom, and how.\nedition 2026\n"),
        ("acme.amb", "edition 2026\n", "# Of all services.\n\nedition 2026\n"),
        (
            "order.amb",
            "timeout { total 1s; per-try 250ms }",
            "timeout {\n  total 1s\n\n  per-try   250ms\n}",
        ),
        (
            "acme.amb",
            "            attempts 3\n            on       connect",
            "attempts 3; on connect",
        ),
    ] {
        let repository = Repository::new();
        let label = repository.label();
        repository.edit(edit);
        repository.amb(&["generate", "--check", "order.amb"]).unwrap();
        repository.generate();
        assert_eq!(repository.changed(), [0, 0], "{edit:?}");
        assert_eq!(repository.label(), label, "{edit:?}");
    }
}

#[test]
fn a_value_is_a_line_or_two() {
    for edit in [
        ("order.amb", "timeout 2s", "timeout 3s"),
        ("order.amb", "attempts       2", "attempts       3"),
        ("order.amb", "header(\"idempotency-key\")", "header(\"x-request-key\")"),
        ("order.amb", "per-try 250ms", "per-try 300ms"),
        ("order.amb", "full-jitter 10ms..100ms", "full-jitter 20ms..100ms"),
        ("order.amb", "fallback 202", "fallback 204"),
        ("order.amb", "PUT|DELETE", "PUT"),
        ("acme.amb", "open-for             30s", "open-for             20s"),
        ("acme.amb", "connect-failure, 429, 503", "connect-failure, 503"),
        ("acme.amb", "budget   20%", "budget   10%"),
        ("acme.amb", "remove \"x-internal-debug\"", "remove \"x-internal\""),
        ("acme.amb", "sample 10%", "sample 20%"),
    ] {
        let repository = Repository::new();
        let label = repository.label();
        repository.edit(edit);
        repository.generate();
        let changed = repository.changed();
        assert!(changed.iter().all(|lines| (1..=3).contains(lines)), "{edit:?}: {changed:?}");
        assert_ne!(repository.label(), label, "{edit:?}");
    }
}

/// In the middle, and with policies of its own.
const ROUTE: &str = "    route refund {
        match   POST /v1/refunds
        timeout { total 3s; per-try 1s }
        retry   { attempts 2; on connect-failure }
    }

    route charge {";

#[test]
fn a_route_is_what_it_consists_of() {
    let repository = Repository::new();
    repository.edit(("order.amb", "    route charge {", ROUTE));
    repository.generate();
    let [proxy, _] = repository.changed();
    assert!((1..=40).contains(&proxy), "{proxy} lines");
    let counts = repository.git(&["diff", "--numstat", "HEAD", "--", "generated/proxy.rs"]);
    assert_eq!(counts.split_whitespace().nth(1), Some("0"), "nothing else is touched");
}

/// Two of each route: what it matches, and a value. What `reserve` shared with others before becomes its own.
const BY_ROUTE: [[Edit; 2]; 4] = [
    [
        ("order.amb", "POST /v1/charges\n", "POST /v2/charges\n"),
        ("order.amb", "timeout 2s", "timeout 3s"),
    ],
    [
        ("order.amb", "GET /v1/stock/{sku}", "GET /v2/stock/{sku}"),
        ("order.amb", "full-jitter 10ms..100ms", "full-jitter 20ms..100ms"),
    ],
    [
        ("order.amb", "PUT|DELETE /v1/reservations/{id}", "PUT|DELETE /v2/reservations/{id}"),
        ("order.amb", "reservations/{id}\n", "reservations/{id}\n        timeout 4s\n"),
    ],
    [
        ("order.amb", "POST /v1/notifications\n", "POST /v2/notifications\n"),
        ("order.amb", "fallback 202", "fallback 204"),
    ],
];

#[test]
fn changes_of_two_routes_merge() {
    for (at, edits) in BY_ROUTE.iter().enumerate() {
        let others = BY_ROUTE.iter().skip(at + 1).flatten();
        for other in others {
            for one in edits {
                merge(*one, *other);
            }
        }
    }
}

fn merge(one: Edit, other: Edit) {
    let repository = Repository::new();
    for (branch, edit) in [("one", one), ("other", other)] {
        repository.git(&["checkout", "--quiet", "-b", branch, "main"]);
        repository.edit(edit);
        repository.commit();
    }
    let merged = repository.try_git(&["merge", "--no-edit", "one"]);
    assert!(merged.is_ok(), "{one:?} and {other:?}: {merged:?}");
    repository.amb(&["generate", "--check", "order.amb"]).unwrap();
}

#[test]
fn the_readme_shows_what_is_generated() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file| fs::read_to_string(top.join(file)).unwrap();
    let readme = read("README.md");
    let shown = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(read("examples/order/generated/proxy.rs").contains(shown), "{shown}");
}
