//! The command as scripts and people meet it: exit codes, what goes where, what it says.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::path::Path;

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;
use tempfile::TempDir;

const GOOD: &str = r#"edition 2026

service web

upstream catalog {
    address "catalog.shop.svc:8080"
    timeout 2s
    retry   { attempts 3; on connect-failure, 503 }
}

otherwise pass

test "a catalog that is briefly away is asked again" {
    request GET "catalog.shop.svc" /v1/items
    given   catalog replies refused, 200
    expect  attempts == 2
}
"#;

fn amb(folder: &Path) -> Command {
    Command::new(cargo_bin!("amb")).current_dir(folder).env("NO_COLOR", "1")
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_policy_that_is_fine() {
    let folder = folder(&[("web.amb", GOOD)]);
    amb(folder.path()).args(["check", "web.amb"]).assert().success().stdout_eq("").stderr_eq("");
}

#[test]
fn a_finding_is_shown_where_it_is() {
    let folder = folder(&[("web.amb", &GOOD.replace("2s", "2"))]);
    let check = amb(folder.path()).args(["check", "web.amb"]).assert().code(1).stdout_eq("");
    check.stderr_eq(str![[r#"
error[..]
 --> web.amb:7:13
...
"#]]);
}

#[test]
fn findings_for_machines() {
    let folder = folder(&[("web.amb", &GOOD.replace("2s", "2"))]);
    amb(folder.path())
        .args(["check", "--format", "json", "web.amb"])
        .assert()
        .code(1)
        .stdout_eq(str![[r#"
{"code":"missing-unit","severity":"error","message":"`2` has no unit","file":"web.amb","line":7,"column":13,"help":"write `2s`, if that is meant","fix":{"file":"web.amb","line":7,"column":13,"end_line":7,"end_column":14,"replacement":"2s"}}

"#]])
        .stderr_eq("");
}

#[test]
fn a_missing_file_is_a_matter_of_usage() {
    let folder = folder(&[]);
    for command in ["check", "plan", "generate", "test"] {
        amb(folder.path()).args([command, "none.amb"]).assert().code(2).stdout_eq("").stderr_eq(
            str![[r#"
error: none.amb cannot be read: No such file or directory (os error 2)

"#]],
        );
    }
}

#[test]
fn an_unknown_command_is_a_matter_of_usage() {
    amb(folder(&[]).path()).arg("chekc").assert().code(2).stdout_eq("");
}

#[test]
fn the_plan_on_one_screen() {
    let folder = folder(&[("web.amb", GOOD)]);
    amb(folder.path()).args(["plan", "web.amb"]).assert().success().stdout_eq(str![[r#"
service[..]web[..]web.amb:3
...
"#]]);
    let json = amb(folder.path()).args(["plan", "web.amb", "--format", "json"]).output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(value.is_object());
}

#[test]
fn generated_files_are_written_and_compared() {
    let folder = folder(&[("web.amb", GOOD)]);
    let check = || amb(folder.path()).args(["generate", "--check", "web.amb"]).assert();
    check().code(1);
    amb(folder.path()).args(["generate", "web.amb"]).assert().success().stdout_eq("");
    check().success().stdout_eq("");
    fs::write(folder.path().join("web.amb"), GOOD.replace("2s", "3s")).unwrap();
    check().code(1).stdout_eq(str![[r#"
--- generated/proxy.rs (checked in)
+++ generated/proxy.rs (from the policy)
...
"#]]);
}

#[test]
fn generated_files_do_not_depend_on_where_amb_is_called_from() {
    let folder = folder(&[("web.amb", GOOD)]);
    let file = folder.path().join("web.amb");
    amb(folder.path()).args(["generate", "web.amb"]).assert().success();
    let here = fs::read(folder.path().join("generated/proxy.rs")).unwrap();
    amb(Path::new("/")).arg("generate").arg(&file).assert().success();
    assert_eq!(here, fs::read(folder.path().join("generated/proxy.rs")).unwrap());
}

#[test]
fn tests_of_the_policy() {
    let folder = folder(&[("web.amb", GOOD), ("bad.amb", &GOOD.replace("== 2", "== 3"))]);
    amb(folder.path()).args(["test", "web.amb"]).assert().success().stdout_eq(str![[r#"
ok      a catalog that is briefly away is asked again
web.amb: 1 passed, 0 failed

"#]]);
    amb(folder.path()).args(["test", "bad.amb"]).assert().code(1).stdout_eq(str![[r#"
FAILED  a catalog that is briefly away is asked again (bad.amb:13)
...
bad.amb: 0 passed, 1 failed

"#]]);
}

#[test]
fn what_no_test_has_seen() {
    let folder = folder(&[("web.amb", GOOD), ("bad.amb", &GOOD.replace("== 2", "== 3"))]);
    let test = |args: &[&str]| amb(folder.path()).arg("test").args(args).assert();
    test(&["web.amb", "--coverage"]).success().stdout_eq(str![[r#"
ok      a catalog that is briefly away is asked again
web.amb: 1 passed, 0 failed
not exercised: web.amb:7: timeout 2s
not exercised: web.amb:11: otherwise pass
2 of 4 decisions exercised

"#]]);
    test(&["web.amb", "--deny", "uncovered"]).code(1);
    let json = |file: &str| -> serde_json::Value {
        let told = test(&[file, "--coverage", "--format", "json"]);
        serde_json::from_slice(&told.get_output().stdout).unwrap()
    };
    let covered = &json("web.amb")["coverage"];
    assert_eq!((&covered["decisions"], &covered["exercised"]), (&4.into(), &2.into()));
    assert_eq!(covered["missed"][1]["text"], "otherwise pass");
    assert_eq!(json("bad.amb")["tests"][0]["failures"][0]["actual"], "2");
}

#[test]
fn canonical_form() {
    let folder = folder(&[("web.amb", &GOOD.replace("    timeout", "  timeout"))]);
    amb(folder.path())
        .args(["fmt", "--check", "web.amb"])
        .assert()
        .code(1)
        .stdout_eq("web.amb is not in canonical form\n");
    amb(folder.path()).args(["fmt", "web.amb"]).assert().success().stdout_eq("");
    assert_eq!(fs::read_to_string(folder.path().join("web.amb")).unwrap(), GOOD);
    amb(folder.path()).args(["fmt", "--check", "web.amb"]).assert().success();
}

#[test]
fn a_request_explained() {
    let folder = folder(&[("web.amb", GOOD)]);
    let explain = |request: &str| amb(folder.path()).args(["explain", "web.amb", request]).assert();
    let explained = explain("GET http://catalog.shop.svc:8080/v1/items").success();
    explained.stdout_eq(str![[r#"
...
[..]catalog[..]
...
"#]]);
    explain("catalog").code(2).stdout_eq("");
}

#[test]
fn what_a_change_means() {
    let folder = folder(&[("old.amb", GOOD), ("new.amb", &GOOD.replace("2s", "1s"))]);
    let diff = |new: &str| amb(folder.path()).args(["diff", "old.amb", new]).assert().success();
    diff("new.amb").stdout_eq(str![[r#"
[..]catalog[..]timeout.total[..]
...
"#]]);
}

/// A route became retryable, a time-out shrank, a header went.
const BEFORE: &str = r#"edition 2026

service web

upstream catalog {
    address "catalog.shop.svc:8080"
    timeout 2s
    headers request { set "x-from" "web" }

    route order {
        match POST /v1/orders
    }
}

otherwise pass
"#;

#[test]
fn a_review_of_three_changes() {
    let after = BEFORE
        .replace("2s", "1s")
        .replace("    headers request { set \"x-from\" \"web\" }\n", "")
        .replace("/v1/orders", "/v1/orders\n        retry { on connect-failure; attempts 2 }");
    let folder = folder(&[("old.amb", BEFORE), ("new.amb", &after)]);
    let diff =
        |more: &[&str]| amb(folder.path()).args(["diff", "old.amb", "new.amb"]).args(more).assert();
    diff(&[]).success().stderr_eq("").stdout_eq(str![[r#"
weakened    catalog/order  retry: none -> attempts 2  (new.amb:11): a failed call may be sent again
weakened    catalog/*  headers.request: set "x-from" "web" -> none  (old.amb:8)
tightened   catalog/*  timeout.total: 2s -> 1s  (old.amb:7 -> new.amb:7): callers wait less long

"#]]);
    diff(&["--deny", "weakened"]).code(1).stderr_eq("");
    diff(&["--deny", "redirected,renamed"]).success();
    diff(&["--deny", "changed"]).code(2);
    diff(&["--format", "markdown"]).success().stdout_eq(str![[r#"
**2 weakened, 1 tightened**

| | calls | setting | before | after | place |
|---|---|---|---|---|---|
| **weakened**: a failed call may be sent again | `` catalog/order `` | `` retry `` |  | `` attempts 2 `` | `` new.amb:11 `` |
| **weakened** | `` catalog/* `` | `` headers.request `` | `` set "x-from" "web" `` |  | `` old.amb:8 `` |
| tightened: callers wait less long | `` catalog/* `` | `` timeout.total `` | `` 2s `` | `` 1s `` | `` old.amb:7 -> new.amb:7 `` |

"#]]);
    let json = diff(&["--format", "json"]).success();
    let changes: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    let told = |name: &str| -> Vec<String> {
        let changes = changes.as_array().unwrap().iter();
        changes.map(|change| change[name].as_str().unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(told("kind"), ["weakened", "weakened", "tightened"]);
    assert_eq!(told("setting"), ["retry", "headers.request", "timeout.total"]);
    assert_eq!(told("scope"), ["catalog/order", "catalog/*", "catalog/*"]);
    assert_eq!(told("old_place"), ["-", "old.amb:8", "old.amb:7"]);
    assert_eq!(told("why")[1], "-");
}

#[test]
fn what_goes_elsewhere_is_denied_with_what_is_weakened() {
    let after = BEFORE.replace("svc:8080", "svc:8081");
    let folder = folder(&[("old.amb", BEFORE), ("new.amb", &after)]);
    for (class, code) in [("weakened", 1), ("redirected", 1), ("tightened", 0)] {
        let diff = ["diff", "old.amb", "new.amb", "--deny", class];
        amb(folder.path()).args(diff).assert().code(code).stdout_eq(str![[r#"
redirected  catalog/*  address: catalog.shop.svc:8080 -> catalog.shop.svc:8081  (old.amb:6 -> new.amb:6)

"#]]);
    }
}

#[test]
fn a_new_deployment_is_complete() {
    let folder = folder(&[]);
    amb(folder.path()).args(["new", "shop"]).assert().success().stdout_eq("shop/shop.amb\n");
    let here = folder.path().join("shop");
    amb(&here).args(["check", "shop.amb"]).assert().success().stderr_eq("");
    amb(&here).args(["fmt", "--check", "shop.amb"]).assert().success();
    amb(&here).args(["test", "shop.amb"]).assert().success();
    amb(&here).args(["generate", "--check", "shop.amb"]).assert().success();
    amb(folder.path()).args(["new", "shop"]).assert().code(2).stderr_eq(str![[r#"
error: shop exists already; choose another name

"#]]);
    amb(folder.path()).args(["new", "Shop!"]).assert().code(2);
}

#[test]
fn only_what_amb_built_can_be_inspected() {
    let folder = folder(&[("binary", "\u{7f}ELF")]);
    amb(folder.path()).args(["inspect", "binary"]).assert().code(2).stderr_eq(str![[r#"
error: binary holds no policy: amb did not build it

"#]]);
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let folder = folder(&[("web.amb", GOOD)]);
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(folder.path()).arg("-c").arg("\"$0\" plan web.amb > /dev/full");
    let output = shell.arg(cargo_bin!("amb")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the result cannot be written"), "{said}");
}

#[test]
fn what_is_inspected_does_not_redraw_the_terminal() {
    let folder = folder(&[]);
    let rest = ",\"service\":\"\\u001b[2J\",\"plan\":\"a\\rb\u{9b}1m\u{202e}\\nc\"}\n";
    let marker = "{\"amb-policy\":1,\"length\":";
    let length = marker.len() + 10 + rest.len();
    fs::write(folder.path().join("web"), format!("{marker}{length:>10}{rest}")).unwrap();
    for format in ["text", "json"] {
        let inspect = amb(folder.path()).args(["inspect", "web", "--format", format]);
        let output = inspect.assert().success();
        let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        let odd = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
        assert!(!said.contains(odd), "{said:?}");
    }
}
