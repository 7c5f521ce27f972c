//! Whatever a policy holds: an answer within 2 s of processor time and 512 MiB, and no more than 100
//! findings. The limits are the kernel's; a process that crosses one is killed.
//!
//! Unoptimised code is an order of magnitude slower, so it gets inputs of an eighth of the size, and twice
//! the time.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use snapbox::cmd::cargo_bin;
use tempfile::TempDir;

const BYTES: usize = if cfg!(debug_assertions) { 128 * 1024 } else { 1024 * 1024 };
const SECONDS: usize = if cfg!(debug_assertions) { 4 } else { 2 };
const KIB: usize = 512 * 1024;

const HEAD: &str = "edition 2026\nservice a\notherwise reject\n";
const UPSTREAM: &str = "upstream u {\naddress \"u:1\"\ntimeout 1s\n";
const ROUTE: &str = "route r {\n";

/// `start`, as often as there is room what `part` makes of a number, then `end`.
fn filled(start: &str, part: impl Fn(usize) -> String, end: &str) -> String {
    let mut text = format!("{HEAD}{start}");
    for number in 0.. {
        let part = part(number);
        if text.len() + part.len() + end.len() > BYTES {
            break;
        }
        text += &part;
    }
    text + end
}

/// Two things that grow together: each has half of the room.
fn both(one: impl Fn(usize) -> String, between: &str, other: impl Fn(usize) -> String) -> String {
    let mut texts = [String::new(), String::new()];
    let parts: [&dyn Fn(usize) -> String; 2] = [&one, &other];
    for (text, part) in texts.iter_mut().zip(parts) {
        for number in 0.. {
            let part = part(number);
            if text.len() + part.len() > (BYTES - 500) / 2 {
                break;
            }
            write!(text, "{part}").unwrap();
        }
    }
    let [first, second] = texts;
    first + between + &second
}

fn amb(folder: &Path, arguments: &str) -> Output {
    let limited = format!("ulimit -t {SECONDS}; ulimit -v {KIB}; exec \"$0\" {arguments}");
    let mut shell = Command::new("sh");
    shell.current_dir(folder).env("NO_COLOR", "1").args(["-c", &limited]).arg(cargo_bin!("amb"));
    shell.output().unwrap()
}

/// Findings, or none, and nothing else.
fn is_bounded(commands: &[&str], name: &str, policy: &str) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.amb"), policy).unwrap();
    for command in commands {
        let arguments = format!("{command} a.amb");
        let output = amb(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let start: String = said.chars().take(300).collect();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {arguments}: {start}");
        let findings = said.matches("error[").count() + said.matches("warning[").count();
        assert!(findings <= 100, "{name}: {arguments}: {findings} findings");
        assert!(said.len() < 1 << 20, "{name}: {arguments}: {} bytes", said.len());
    }
}

/// The texts of a file, whatever they mean.
#[test]
fn texts() {
    let cases = [
        ("one line", "a".repeat(BYTES)),
        ("parentheses", format!("{HEAD}x {}", "(".repeat(30_000))),
        ("open calls", filled("x ", |_| "a(a,a ".to_owned(), "")),
        ("braces", filled("a ", |_| "{}".to_owned(), "")),
        ("closed braces", "}".repeat(BYTES)),
        ("deep blocks", filled("", |_| "a {".repeat(31) + &"}".repeat(31) + "\n", "")),
        ("junk", filled("", |_| "@\n".to_owned(), "")),
        ("quotes", "\"".repeat(BYTES)),
        ("open strings", filled("", |_| "\"a\n".to_owned(), "")),
        ("escapes", filled("x \"", |_| "\\q".to_owned(), "\"")),
        ("zeros", "\0".repeat(BYTES)),
        ("keys", filled("", |_| "a\n".to_owned(), "")),
        ("keys in one line", filled("", |_| "a;".to_owned(), "")),
        ("comments", filled("", |_| "a #\n".to_owned(), "")),
        ("a list", filled("a ", |_| "a,".to_owned(), "")),
        ("a long key", format!("{HEAD}retr{}", "y".repeat(BYTES - 100))),
        ("a long path", format!("{HEAD}require retry.{} <= 1\n", "a".repeat(BYTES - 100))),
        ("a long number", format!("{HEAD}a {}", "1".repeat(BYTES - 100))),
        ("methods", filled("a ", |_| "A|".to_owned(), "")),
        ("dots", filled("a ", |_| "a.".to_owned(), "")),
        ("slips", filled("", |_| format!("retri{} 1\n", "y".repeat(40)), "")),
    ];
    cases.iter().for_each(|(name, policy)| is_bounded(&["check", "fmt --check"], name, policy));
}

/// Names that stand for each other.
#[test]
fn names() {
    let chain = |kind: &str, number: usize| match number {
        0 => format!("{kind} r0 {{}}\n"),
        _ => format!("{kind} r{number} extends r{} {{}}\n", number - 1),
    };
    let most = BYTES / 40;
    let used = |kind: &str, used: &str| {
        let chain: String = (0..most).map(|number| chain(kind, number)).collect();
        format!("{HEAD}{chain}{UPSTREAM}{used} r{}\n}}\n", most - 1)
    };
    let circle: String =
        (0..most).map(|it| format!("retry r{it} extends r{} {{}}\n", (it + 1) % most)).collect();
    let long = "a".repeat(BYTES / 3);
    let cases = [
        ("a chain", filled("", |number| chain("retry", number), "")),
        ("a chain in use", used("retry", "retry")),
        ("a chain of policies", used("policy", "use")),
        ("a circle", format!("{HEAD}{circle}")),
        ("unknown bases", filled("", |it| format!("retry r{it} extends s{it} {{}}\n"), "")),
        ("definitions", filled("", |it| format!("retry r{it} {{}}\n"), "")),
        ("doubles", filled("", |_| "retry r {}\n".to_owned(), "")),
        ("long names", format!("{HEAD}retry {long} {{}}\nretry b extends {long}b {{}}\n")),
        (
            "unknown policies",
            format!(
                "{HEAD}{}}}\n",
                both(|it| format!("policy p{it} {{}}\n"), UPSTREAM, |it| format!("use q{it}\n"))
            ),
        ),
        ("imports", filled("", |it| format!("import \"a.amb\" as a{it}\n"), "")),
        ("paths", filled("", |it| format!("require retry.attemps{it} <= 1\n"), "")),
        (
            "unknown upstreams",
            filled("test \"t\" {\n", |it| format!("given x{it} replies 200\n"), "}\n"),
        ),
    ];
    cases.iter().for_each(|(name, policy)| is_bounded(&["check"], name, policy));
}

/// Unknown names, each of which is like all that there are.
#[test]
fn slips() {
    let name = |letter: &str, number: usize| format!("{}{number:04}", letter.repeat(54));
    let times =
        |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
    let small = if cfg!(debug_assertions) { 8 } else { 1 };
    let retries = times(1_990 / small, &|it| format!("retry {} {{}}\n", name("a", it)));
    let references = times(100, &|it| {
        format!("route r{it} {{ match /{it}; retry {} }}\n", name("a", it + 5_000))
    });
    let upstreams = times(990 / small, &|it| {
        format!("upstream {} {{address \"u{it}:1\";timeout 1s}}\n", name("a", it))
    });
    let expects = times(1_000, &|it| format!("expect {}.requests == 1\n", name("a", it + 5_000)));
    let request = "request GET \"u0\" /\n";
    for (what, policy) in [
        ("references", format!("{HEAD}{retries}{UPSTREAM}{references}}}\n")),
        ("expectations", format!("{HEAD}{upstreams}test \"t\" {{\n{request}{expects}}}\n")),
    ] {
        is_bounded(&["check"], what, &policy);
    }
}

/// Calls, and what they inherit.
#[test]
fn calls() {
    let start = format!("{UPSTREAM}{ROUTE}");
    let line = |part: fn(usize) -> String| filled(&start, part, "}\n}\n");
    let route = |it: usize| format!("route r{it} {{match /{it}}}\n");
    let inherited = |open: &str, one: fn(usize) -> String, close: &str| {
        format!("{HEAD}{UPSTREAM}{open}{}}}\n", both(one, close, route))
    };
    let codes = (300..550).map(|code| code.to_string()).collect::<Vec<_>>().join(", ");
    let most = if cfg!(debug_assertions) { 200 } else { 2_000 };
    let upstream = |it: usize| format!("upstream u{it} {{address \"u{it}:1\";timeout 1s}}\n");
    let cases = [
        ("match lines", line(|it| format!("match GET /{it}\n"))),
        ("match lines behind a capture", line(|it| format!("match GET /a/{{b}}/{it}\n"))),
        ("match lines with fields", line(|it| format!("match header(\"a\") == \"{it}\"\n"))),
        ("match lines with methods", line(|it| format!("match A{it}\n"))),
        ("match lines that match nothing", line(|_| "match any\n".to_owned())),
        ("parts of a path", line(|_| "match /a/a/a/a/a/a/a/a/a/a/**\n".to_owned())),
        ("segments", format!("{HEAD}{start}match GET /{}\n}}\n}}\n", "a/".repeat(40_000))),
        ("routes", filled(UPSTREAM, route, "}\n")),
        ("upstreams", filled("", upstream, "")),
        ("edits", inherited("headers request {\n", |_| "add \"a\" \"b\"\n".to_owned(), "}\n")),
        ("docs", inherited("", |_| "## d\n".to_owned(), "retry {}\n")),
        ("uses", inherited("", |_| "use p\n".to_owned(), "")),
        ("causes", inherited("retry { on 1", |_| ",503".to_owned(), " }\n")),
        (
            "demands",
            format!("{HEAD}{}", both(|_| "require breaker exists\n".to_owned(), "", upstream)),
        ),
        (
            "lists",
            format!(
                "{HEAD}{}{UPSTREAM}retry {{ on {codes} }}\n{}}}\n",
                format!("require retry.on has {codes}\n").repeat(most / 20),
                (0..most).map(route).collect::<String>()
            ),
        ),
        ("hosts", filled(&format!("{UPSTREAM}hosts \"h\""), |it| format!(",\"h{it}\""), "}\n")),
        (
            "ports",
            filled(
                "intercept { on-exit open\n",
                |it| format!("except ports {}\n", it % 60_000 + 1),
                "ports 1..65535 }\n",
            ),
        ),
    ];
    cases.iter().for_each(|(name, policy)| is_bounded(&["check"], name, policy));
}

/// Tests of a policy, when they run.
#[test]
fn tests() {
    let start = format!("{UPSTREAM}}}\ntest \"t\" {{\n");
    let end = "expect status == 200\n}\n";
    let fields = "header \"a\" \"b\"\n".repeat(BYTES / 20);
    let path = "a".repeat(BYTES - 200);
    let cases = [
        ("times", format!("{HEAD}{start}request GET \"u\" / times 1000000\n{end}")),
        ("many times", filled(&start, |_| "request GET \"u\" / times 10000\n".to_owned(), end)),
        ("a long request", format!("{HEAD}{start}request GET \"u\" /{path} times 10000\n{end}")),
        ("fields", format!("{HEAD}{start}request GET \"u\" / times 10000 {{\n{fields}}}\n{end}")),
        (
            "failures",
            filled(
                &format!("{UPSTREAM}}}\n"),
                |it| {
                    format!(
                        "test \"t{it}\" {{ request GET \"u\" / times 100\nexpect status == 201 }}\n"
                    )
                },
                "",
            ),
        ),
        ("expectations", filled(&start, |_| "expect status == 200\n".to_owned(), "}\n")),
    ];
    cases.iter().for_each(|(name, policy)| is_bounded(&["check", "test"], name, policy));
}

/// Two versions of routes, whether they are far from each other or take calls from all others.
#[test]
fn differences() {
    let count = if cfg!(debug_assertions) { 100 } else { 1_000 };
    let policy = |routes: &dyn Fn(usize) -> String| {
        let routes: String =
            (0..count).map(|at| format!("route r{at} {{ {} }}\n", routes(at))).collect();
        format!("{HEAD}{UPSTREAM}{routes}}}\n")
    };
    let far = |path: &str, total: usize| {
        policy(&|at| format!("match GET {path}/{{id}}/r{at}; timeout {total}ms"))
    };
    let near = |total: usize| {
        policy(&|at| {
            format!("match GET /v1/** header(\"x-{at}\") == \"y\"; timeout {}ms", total + at % 7)
        })
    };
    // A call to `/s1/t2` is of two routes: which is first says what happens to it.
    let crossing = |turned: bool| {
        policy(&|at| match (at * 2 < count) == turned {
            true => format!("match GET /s{}/{{id}}; timeout {}ms", at % (count / 2), 100 + at % 7),
            false => format!("match GET /{{id}}/t{}; timeout {}ms", at % (count / 2), 100 + at % 5),
        })
    };
    for (name, old, new) in [
        ("changed", far("/v1", 100), far("/v1", 200)),
        ("moved", far("/v1", 100), far("/v2", 100)),
        ("overlapping", near(100), near(200)),
        ("turned", crossing(false), crossing(true)),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("a.amb"), old).unwrap();
        fs::write(folder.path().join("b.amb"), new).unwrap();
        let output = amb(folder.path(), "diff a.amb b.amb");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("weakened"), "{name}");
    }
}

/// Sane, and as large as they get.
#[test]
fn a_thousand_routes() {
    let route = |it: usize| {
        format!(
            "    route r{it} {{\n        match GET|HEAD /v1/a{it}/{{id}}\n        timeout 900ms\n    }}\n"
        )
    };
    let upstream = |it: usize| {
        let routes: String = (0..100).map(route).collect();
        format!(
            "upstream u{it} {{\n    address \"u{it}.shop.svc:80\"\n    timeout 1s\n{routes}}}\n"
        )
    };
    let upstreams: String = (0..10).map(upstream).collect();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.amb"), format!("{HEAD}{upstreams}")).unwrap();
    let output = amb(folder.path(), "check a.amb");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
