//! `amb build` of several policies: what comes of it, and what is refused before anything is compiled.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use snapbox::cmd::{Command, OutputAssert, cargo_bin};
use snapbox::str;
use tempfile::TempDir;

fn policy(service: &str) -> String {
    format!("edition 2026\n\nservice {service}\n\notherwise pass\n")
}

fn amb(folder: &Path, args: &[&str]) -> Command {
    Command::new(cargo_bin!("amb")).current_dir(folder).env("NO_COLOR", "1").args(args)
}

/// A build that ends before cargo is run, for there is none.
fn refused(folder: &Path, args: &[&str]) -> OutputAssert {
    let build = amb(folder, &["build"]).args(args).env("CARGO", "no-cargo");
    build.assert().stdout_eq("")
}

fn folder(policies: &[(&str, String)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in policies {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Two services, in a place that is kept, so that a second run compiles little.
fn shop() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop");
    fs::create_dir_all(&folder).unwrap();
    for service in ["web", "stock"] {
        fs::write(folder.join(format!("{service}.amb")), policy(service)).unwrap();
        for old in [service.to_owned(), format!("proxies/{service}"), "alone".to_owned()] {
            drop(fs::remove_file(folder.join(old)));
        }
    }
    folder
}

fn holds(folder: &Path, binary: &str, service: &str) {
    let inspected = amb(folder, &["inspect", binary]).assert().success();
    inspected.stdout_eq(format!("service    {service}\n...\n"));
}

#[test]
fn each_policy_becomes_a_proxy() {
    let folder = shop();
    let build = |args: &[&str]| amb(&folder, &["build", "--debug"]).args(args).assert().success();
    // Another amb is at work on one of them.
    thread::scope(|scope| {
        let alone = scope.spawn(|| build(&["web.amb", "-o", "alone"]).stdout_eq("alone\n"));
        let both = build(&["web.amb", "stock.amb", "-o", "proxies"]);
        both.stdout_eq("proxies/web\nproxies/stock\n");
        alone.join().unwrap();
    });
    holds(&folder, "alone", "web");
    holds(&folder, "proxies/web", "web");
    holds(&folder, "proxies/stock", "stock");
    build(&["stock.amb", "web.amb"]).stdout_eq("stock\nweb\n");
    holds(&folder, "stock", "stock");
    holds(&folder, "web", "web");
}

#[test]
fn what_is_wrong_with_any_is_shown_and_none_is_built() {
    let folder = folder(&[
        ("web.amb", policy("web").replace("pass", "pas")),
        ("stock.amb", policy("stock")),
        ("acme.amb", "edition 2026\n\nbaseline acme {\n}\n".to_owned()),
        ("cart.amb", policy("cart").replace("otherwise", "otherwhise")),
    ]);
    let files = ["web.amb", "stock.amb", "acme.amb", "cart.amb"];
    refused(folder.path(), &files).code(1).stderr_eq(str![[r#"
error[..]
 --> web.amb:5:11
...
error[..]
 --> cart.amb:5:1
...
error: acme.amb is no deployment: it has no `service`

"#]]);
    assert!(!folder.path().join("stock").exists());
}

#[test]
fn a_policy_that_is_named_twice() {
    let folder = folder(&[("web.amb", policy("web"))]);
    refused(folder.path(), &["web.amb", "./web.amb"]).code(2).stderr_eq(str![[r#"
error: ./web.amb is given twice; name each policy once

"#]]);
}

#[test]
fn policies_of_one_service() {
    let folder = folder(&[
        ("web.amb", policy("web")),
        ("stock.amb", policy("stock")),
        ("copy.amb", policy("web")),
    ]);
    refused(folder.path(), &["web.amb", "stock.amb", "copy.amb"]).code(2).stderr_eq(str![[r#"
error: web.amb and copy.amb are both of service `web`; rename one, or build them one by one

"#]]);
}

#[test]
fn places_that_cannot_be() {
    let folder = folder(&[("web.amb", policy("web")), ("stock.amb", policy("stock"))]);
    fs::create_dir_all(folder.path().join("proxies/stock")).unwrap();
    let both =
        |output: &str| refused(folder.path(), &["web.amb", "stock.amb", "-o", output]).code(2);
    both("web.amb").stderr_eq(str![[r#"
error: web.amb is not a folder; several binaries need one: name it with -o FOLDER

"#]]);
    both("proxies").stderr_eq(str![[r#"
error: proxies/stock is a folder; name another folder with -o FOLDER

"#]]);
    refused(folder.path(), &["web.amb", "-o", "proxies"]).code(2).stderr_eq(str![[r#"
error: proxies is a folder; name a file with -o BIN

"#]]);
}

#[test]
fn a_policy_that_is_not_there() {
    let folder = folder(&[("web.amb", policy("web"))]);
    refused(folder.path(), &["web.amb", "none.amb"]).code(2).stderr_eq(str![[r#"
error: none.amb cannot be read: No such file or directory (os error 2)

"#]]);
}

#[test]
fn who_waits_is_told_that_it_takes_long() {
    let folder = folder(&[("web.amb", policy("web"))]);
    refused(folder.path(), &["web.amb"]).stderr_eq(str![[r#"
building the proxy from web.amb (the first time takes minutes)
error: cargo cannot be run ([..]); install Rust from https://rustup.rs

"#]]);
}

#[test]
fn a_target_folder_that_cannot_be_written_has_a_remedy() {
    let folder = folder(&[("web.amb", policy("web"))]);
    let build = amb(folder.path(), &["build", "web.amb"]).env("CARGO", "no-cargo");
    let build = build.env("CARGO_TARGET_DIR", "web.amb/target").assert().failure();
    let said = String::from_utf8(build.get_output().stderr.clone()).unwrap();
    assert!(said.contains("; set CARGO_TARGET_DIR to a folder you may write"), "{said}");
}

/// A policy with what was generated from it, and then changed.
fn stale(change: (&str, &str)) -> TempDir {
    let folder = folder(&[("web.amb", policy("web"))]);
    amb(folder.path(), &["generate", "web.amb"]).assert().success();
    let text = policy("web").replace(change.0, change.1);
    fs::write(folder.path().join("web.amb"), text).unwrap();
    folder
}

#[test]
fn a_locked_build_refuses_what_was_not_reviewed() {
    for (change, refuses) in [
        (("pass", "reject"), true),
        // Another name is no way around.
        (("service web", "service webb"), true),
        (("edition 2026\n", "edition 2026\n# A comment.\n"), false),
    ] {
        for lock in ["CI", "AMB_LOCKED"] {
            let folder = stale(change);
            let build = amb(folder.path(), &["build", "web.amb"]).env("CARGO", "no-cargo");
            let output = build.env_remove("CI").env(lock, "1").assert().code(1);
            let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
            assert_eq!(said.contains("run `amb generate web.amb` and review"), refuses, "{said}");
            assert_eq!(said.contains("cargo cannot be run"), !refuses, "{said}");
        }
    }
}

#[test]
fn what_was_generated_from_another_policy_is_its_own_matter() {
    let folder = stale(("pass", "reject"));
    fs::write(folder.path().join("stock.amb"), policy("stock")).unwrap();
    let build = amb(folder.path(), &["build", "stock.amb"]).env("CARGO", "no-cargo");
    build.env("CI", "true").assert().code(1).stderr_eq(str![[r#"
building the proxy from stock.amb (the first time takes minutes)
error: cargo cannot be run ([..]); install Rust from https://rustup.rs

"#]]);
}
