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

    /// Do the branches of two changes merge to what the policy says then?
    fn merged(&self, one: usize, other: usize) -> Result<String, String> {
        let (one, other) = (format!("change-{one}"), format!("change-{other}"));
        self.git(&["checkout", "--quiet", "--force", "--detach", &one]);
        self.try_git(&["merge", "--quiet", "--no-edit", &other])?;
        self.amb(&["generate", "--check", "order.amb"])
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

/// What the branches start from: neighbours that say nothing, and a policy with a name.
const BEGINNING: [Edit; 3] = [
    (
        "order.amb",
        "reservations/{id}\n    }\n",
        "reservations/{id}\n    }\n\n    route release {\n        match DELETE /v1/stock/{sku}\n    }\n\n    route list {\n        match GET /v1/stock\n    }\n",
    ),
    ("order.amb", "observe {\n", "policy short {\n    timeout 800ms\n}\n\nobserve {\n"),
    (
        "order.amb",
        "fallback 202\n    }\n",
        "fallback 202\n    }\n\n    route letter {\n        match GET /v1/letters\n        use   short\n    }\n",
    ),
];

/// A change, and the place of the policy that it is a change of.
type Change = (&'static str, Edit);

/// One line more below the other.
macro_rules! below {
    ($line:literal, $more:literal) => {
        ("order.amb", $line, concat!($line, $more, "\n"))
    };
}

#[rustfmt::skip]
const CHANGES: [Change; 39] = [
    ("payment", below!("address \"payment.shop.svc:8080\"\n", "    hosts \"pay\", \"payment\"")),
    ("payment", below!("address \"payment.shop.svc:8080\"\n", "    listen \"127.0.0.1:15011\"")),
    ("payment calls", below!("address \"payment.shop.svc:8080\"\n", "    timeout 4s")),
    ("payment/charge", ("order.amb", "POST /v1/charges\n", "POST /v2/charges\n")),
    ("payment/charge", below!("POST /v1/charges\n", "        breaker { probes 2 }")),
    ("payment/charge", ("order.amb", "timeout 2s", "timeout 3s")),
    ("payment/charge", ("order.amb", "attempts       2", "attempts       3")),
    ("payment/refund", ("order.amb", "    route charge {", ROUTE)),
    ("inventory", below!("address \"inventory.shop.svc:8080\"\n", "    hosts \"stock\", \"inventory\"")),
    ("inventory calls", below!("address \"inventory.shop.svc:8080\"\n", "    breaker { probes 3 }")),
    ("inventory calls", below!("address \"inventory.shop.svc:8080\"\n", "    retry off")),
    ("inventory/stock", ("order.amb", "GET /v1/stock/{sku}", "GET /v2/stock/{sku}")),
    ("inventory/stock", below!("GET /v1/stock/{sku}\n", "        breaker { consecutive-failures 7 }")),
    ("inventory/stock", ("order.amb", "full-jitter 10ms..100ms", "full-jitter 20ms..100ms")),
    ("inventory/reserve", ("order.amb", "PUT|DELETE /v1/reservations", "PUT|DELETE /v2/reservations")),
    ("inventory/reserve", below!("reservations/{id}\n", "        timeout 4s")),
    ("inventory/reserve", below!("reservations/{id}\n", "        breaker { consecutive-failures 8 }")),
    ("inventory/reserve", below!("reservations/{id}\n", "        retry off")),
    ("inventory/release", below!("DELETE /v1/stock/{sku}\n", "        timeout 3s")),
    ("inventory/release", below!("DELETE /v1/stock/{sku}\n", "        breaker { consecutive-failures 9 }")),
    ("inventory/release", below!("DELETE /v1/stock/{sku}\n", "        use short")),
    ("inventory/list", below!("GET /v1/stock\n", "        timeout 2s")),
    ("inventory/list", below!("GET /v1/stock\n", "        respond 204")),
    ("notification", below!("address \"notification.shop.svc:8080\"\n", "    hosts \"mail\"")),
    ("notification calls", below!("address \"notification.shop.svc:8080\"\n", "    retry { attempts 2 }")),
    ("notification/notify", ("order.amb", "POST /v1/notifications\n", "POST /v2/notifications\n")),
    ("notification/notify", ("order.amb", "fallback 202", "fallback 204")),
    ("notification/letter", below!("GET /v1/letters\n", "        breaker { probes 2 }")),
    ("notification/letter", below!("GET /v1/letters\n", "        headers request { set \"x-kind\" \"letter\" }")),
    ("policy short", ("order.amb", "timeout 800ms", "timeout 900ms")),
    ("baseline timeout", ("acme.amb", "timeout 5s", "timeout 6s")),
    ("baseline retry", ("acme.amb", "budget   20%", "budget   10%")),
    ("baseline breaker", ("acme.amb", "open-for             30s", "open-for             20s")),
    ("baseline log", ("acme.amb", "sample 10%", "sample 20%")),
    ("baseline require", ("acme.amb", "amplification  <= 4x", "amplification  <= 3x")),
    ("observe", ("order.amb", "    metrics\n", "    metrics\n    admin \"127.0.0.1:9902\"\n")),
    ("otherwise", ("order.amb", "otherwise pass", "otherwise reject")),
    ("a test", ("order.amb", "test \"a charge without", "test \"unknown paths pass\" {\n    request GET \"payment.shop.svc\" /\n    given   payment replies 200\n    expect  status == 200\n}\n\ntest \"a charge without")),
    ("another test", ("order.amb", "expect  elapsed == 500ms", "expect  elapsed <= 500ms")),
];

/// Are they two places, of which neither builds on the other? Routes build on what holds for all calls of
/// their upstream.
fn is_apart(place: &str, other: &str) -> bool {
    let of_all = |place: &str, other: &str| {
        place.strip_suffix(" calls").is_some_and(|upstream| other.starts_with(upstream))
    };
    place != other && !of_all(place, other) && !of_all(other, place)
}

#[test]
fn changes_of_two_places_merge() {
    let repository = Repository::new();
    for edit in BEGINNING {
        repository.edit(edit);
    }
    repository.commit();
    for (at, (_, edit)) in CHANGES.iter().enumerate() {
        repository.git(&["checkout", "--quiet", "-b", &format!("change-{at}"), "main"]);
        repository.edit(*edit);
        repository.commit();
    }
    let mut failed = Vec::new();
    for (at, (place, edit)) in CHANGES.iter().enumerate() {
        for (later, (other, more)) in CHANGES.iter().enumerate().skip(at + 1) {
            if !is_apart(place, other) {
                continue;
            }
            if let Err(error) = repository.merged(at, later) {
                failed.push(format!("{place} {edit:?} and {other} {more:?}: {error}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} do not merge:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn the_readme_shows_what_is_generated() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file| fs::read_to_string(top.join(file)).unwrap();
    let readme = read("README.md");
    let shown = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(read("examples/order/generated/proxy.rs").contains(shown), "{shown}");
}
