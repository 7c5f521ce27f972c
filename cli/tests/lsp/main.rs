//! `amb lsp` as an editor meets it: scripted sessions with the real binary.

#![cfg(test)]

mod session;
mod typed;
mod wrong;

use serde_json::{Value, json};

use session::Session;

const BASELINE: &str = r#"edition 2026

baseline acme {
    defaults {
        timeout 2s
        retry   { attempts 2; on connect-failure, 503 }
    }
    ## Retry storms took checkout down.
    require retry.attempts <= 3
}

## For what may be asked again.
retry patient { attempts 3 }
"#;

/// The comment has characters of one, two and four bytes of UTF-8.
const ORDER: &str = r#"edition 2026
import  "../org/acme.amb"

service order

upstream payment {
    address "payment.shop.svc:8080"  # grün 😀
    retry   patient { backoff full-jitter 50ms..1s }
    route   charge { match POST /v1/charges; retry off }
}

otherwise reject

test "asked again" {
    request GET "payment.shop.svc" /v1/state
    given   payment replies 503, 200
    expect  payment.requests == 2
    expect  route            == payment
}
"#;

const FILES: [(&str, &str); 3] = [
    ("amb.toml", "baseline = \"org/acme.amb\"\n"),
    ("org/acme.amb", BASELINE),
    ("shop/order.amb", ORDER),
];
const FILE: &str = "shop/order.amb";

/// Line and UTF-16 unit of the first place where `text` has `what`, and so many bytes further.
fn place(text: &str, what: &str, further: usize) -> (u32, u32) {
    end(&text[..text.find(what).unwrap() + further])
}

/// Line and UTF-16 unit behind a text.
fn end(before: &str) -> (u32, u32) {
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line as u32, before[start..].encode_utf16().count() as u32)
}

fn labels(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect()
}

fn codes(findings: &Value) -> Vec<&str> {
    findings.as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap()).collect()
}

/// What a hover says, with the folder taken out of its links.
fn said(session: &mut Session, file: &str, text: &str, what: &str) -> String {
    let (line, character) = place(text, what, 1);
    let hover = session.at("textDocument/hover", file, line, character);
    let folder = format!("file://{}/", session.folder().display());
    hover["contents"]["value"].as_str().unwrap_or_default().replace(&folder, "")
}

/// File, line and unit of a definition, counted from 0.
fn defined(session: &mut Session, what: &str, further: usize) -> (String, u64, u64) {
    let (line, character) = place(ORDER, what, further);
    let place = session.at("textDocument/definition", FILE, line, character);
    let uri = place["uri"].as_str().unwrap_or_default();
    let folder = format!("file://{}/", session.folder().display());
    let start = &place["range"]["start"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    (uri.replace(&folder, ""), number(&start["line"]), number(&start["character"]))
}

fn completed(session: &mut Session, text: &str, what: &str, further: usize) -> Value {
    let (line, character) = place(text, what, further);
    session.at("textDocument/completion", FILE, line, character)
}

#[test]
fn a_session_from_hello_to_goodbye() {
    let mut session = Session::start(&FILES);
    assert_eq!(session.open(FILE), json!([]));

    let bad = ORDER.replace("patient {", "patient { attempts 5;");
    let found = session.change(FILE, 2, &bad);
    assert_eq!(codes(&found), ["guardrail-violated"]);
    let fixes = session.ask(
        "textDocument/codeAction",
        json!({
            "textDocument": {"uri": session.uri(FILE)},
            "range": found[0]["range"],
            "context": {"diagnostics": []},
        }),
    );
    let edit = &fixes[0]["edit"]["changes"][session.uri(FILE)][0];
    assert_eq!(edit["newText"], "3");
    assert_eq!(edit["range"], found[0]["range"]);
    assert_eq!(fixes[0]["title"], "lower it");

    let untidy = ORDER.replace("    route ", " route ");
    assert_eq!(session.change(FILE, 3, &untidy), json!([]));
    let tidy = session.ask(
        "textDocument/formatting",
        json!({"textDocument": {"uri": session.uri(FILE)}, "options": {"tabSize": 4, "insertSpaces": true}}),
    );
    assert_eq!(tidy[0]["newText"], ORDER);
    assert_eq!(tidy[0]["range"]["end"], json!({"line": 19, "character": 0}));
    session.end();
}

#[test]
fn a_finding_has_its_place_its_reason_and_what_to_do() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    let bad = ORDER.replace("patient {", "patient { attempts 5;");
    let found = session.change(FILE, 2, &bad);
    let expect = json!([{
        "range": {"start": {"line": 7, "character": 31}, "end": {"line": 7, "character": 32}},
        "severity": 1,
        "code": "guardrail-violated",
        "source": "amb",
        "message": "5 attempts exceed the limit of baseline `acme`\nasks for 5\nbecause: Retry storms took checkout down.\nhelp: lower it",
        "relatedInformation": [{
            "location": {
                "uri": session.uri("org/acme.amb"),
                "range": {"start": {"line": 8, "character": 4}, "end": {"line": 8, "character": 31}},
            },
            "message": "at most 3 allowed here",
        }],
    }]);
    assert_eq!(found, expect);
    session.end();
}

#[test]
fn positions_count_utf_16_units() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    // 😀 is four bytes, one character and two units.
    let edits = "headers request { set \"x-a\" \"😀\"; set \"x-b\" 5 }";
    let bad = ORDER.replace("😀\n", &format!("😀\n    {edits}\n"));
    let found = session.change(FILE, 2, &bad);
    let range = json!({"start": {"line": 7, "character": 48}, "end": {"line": 7, "character": 49}});
    assert_eq!((codes(&found), &found[0]["range"]), (vec!["wrong-type"], &range));
    let offered = completed(&mut session, &bad, "set \"x-b\" ", 10);
    let keys: Vec<_> =
        offered.as_array().unwrap().iter().map(|item| &item["textEdit"]["range"]).collect();
    assert_eq!(keys, [&range; 4], "{offered}");
    session.end();
}

#[test]
fn hover_says_what_is_in_force_and_who_set_it() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    let expect = "```amb\nretry [off | NAME] [{ … }]\n```\n\nWhich failed tries are repeated, and when.\n\n\
        In force for upstream `payment`:\n\n\
        - `retry.attempts 3` — [../org/acme.amb:13 (retry patient)](org/acme.amb#L13)\n\
        - `retry.on connect-failure, 503` — [../org/acme.amb:6 (baseline)](org/acme.amb#L6)\n\
        - `retry.methods GET, HEAD, OPTIONS, TRACE` — default of the language\n";
    let said_of_retry = said(&mut session, FILE, ORDER, "retry   patient");
    assert!(said_of_retry.starts_with(expect), "{said_of_retry}");

    let backoff = "```amb\nbackoff full-jitter|equal-jitter DURATION..DURATION | fixed DURATION\n```\n\n\
        The wait before another try.\n\nDefault: `full-jitter 100ms..30s`\n\n\
        In force for upstream `payment`:\n\n\
        - `retry.backoff full-jitter 50ms..1s` — [order.amb:8](shop/order.amb#L8)";
    assert_eq!(said(&mut session, FILE, ORDER, "backoff"), backoff);

    let off = said(&mut session, FILE, ORDER, "retry off");
    assert!(off.ends_with("`retry` is not in force for route `charge`."), "{off}");

    let name = "```amb\nretry patient\n```\n\nFor what may be asked again.\n\n\
        [../org/acme.amb:13](org/acme.amb#L13)";
    assert_eq!(said(&mut session, FILE, ORDER, "patient {"), name);

    session.open("org/acme.amb");
    let path = said(&mut session, "org/acme.amb", BASELINE, "retry.attempts <=");
    assert!(path.starts_with("```amb\nretry.attempts\n```\n\nTries of one call"), "{path}");
    assert_eq!(said(&mut session, FILE, ORDER, "# grün"), "");
    session.end();
}

#[test]
fn completion_knows_the_table_and_the_names() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    for (what, further, expect) in [
        ("retry   patient", 8, &["off", "patient"][..]),
        ("backoff full", 9, &["equal-jitter", "fixed", "full-jitter"]),
        ("otherwise re", 10, &["pass", "reject"]),
        ("== payment", 3, &["charge", "payment"]),
        ("given ", 8, &["payment"]),
        ("payment replies", 8, &["replies"]),
        ("# grün", 3, &[]),
    ] {
        assert_eq!(labels(&completed(&mut session, ORDER, what, further)), expect, "{what}");
    }
    // What may stand once and is written already is not offered again.
    let keys = completed(&mut session, ORDER, "address", 0);
    assert!(labels(&keys).contains(&"address") && labels(&keys).contains(&"headers"), "{keys}");
    assert!(!labels(&keys).contains(&"retry"), "{keys}");
    session.end();
}

#[test]
fn completion_while_a_policy_is_half_written() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    for (version, written, what, expect, never) in [
        (2, "retry patient { att", "att", "attempts", "timeout"),
        (3, "retry { on reset, ", "reset, ", "connect-failure", "attempts"),
        (4, "breaker { scope ", "scope ", "upstream", "endpoint"),
        (5, "ti", "    ti", "timeout", "address"),
        (6, "retry { backoff equal-jitter ", "jitter ", "", "equal-jitter"),
    ] {
        let text = ORDER.replace("retry   patient { backoff full-jitter 50ms..1s }", written);
        session.change(FILE, version, &text);
        let offered = completed(&mut session, &text, what, what.len());
        let labels = labels(&offered);
        assert!(expect.is_empty() || labels.contains(&expect), "{written}: {labels:?}");
        assert!(!labels.contains(&never), "{written}: {labels:?}");
    }
    let text = ORDER.replace("route   charge", "retr\n    route   charge");
    session.change(FILE, 7, &text);
    let offered = completed(&mut session, &text, "retr\n", 4);
    let keys = offered.as_array().unwrap().iter().find(|item| item["label"] == "breaker").unwrap();
    assert_eq!(
        keys["textEdit"]["range"],
        json!({"start": {"line": 8, "character": 4}, "end": {"line": 8, "character": 8}})
    );
    assert_eq!(keys["detail"], "breaker [off | NAME] [{ … }]");
    session.end();
}

#[test]
fn definitions_are_found_across_files() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    let (own, org) = ("shop/order.amb".to_owned(), "org/acme.amb".to_owned());
    for (what, further, expect) in [
        ("../org/acme.amb", 3, (org.clone(), 0, 0)),
        ("patient {", 0, (org, 12, 6)),
        ("payment replies", 7, (own.clone(), 5, 9)),
        ("payment.requests", 2, (own.clone(), 5, 9)),
        ("== payment", 4, (own.clone(), 5, 9)),
        ("charge {", 1, (own, 8, 12)),
        ("reject", 1, (String::new(), 0, 0)),
    ] {
        assert_eq!(defined(&mut session, what, further), expect, "{what}");
    }
    session.end();
}

#[test]
fn open_buffers_stand_in_for_files() {
    let mut session = Session::start(&FILES);
    assert_eq!(session.open(FILE), json!([]));
    assert_eq!(session.open("org/acme.amb"), json!([]));
    // The baseline becomes stricter, and nothing is saved: the service's own buffer says so.
    let stricter = BASELINE.replace("<= 3", "<= 2");
    session.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": session.uri("org/acme.amb"), "version": 2}, "contentChanges": [{"text": stricter}]}),
    );
    assert_eq!(codes(&session.findings("org/acme.amb")), ["guardrail-violated"]);
    // Closed without saving: what is on the disk counts again, and the finding goes away.
    session.tell(
        "textDocument/didClose",
        json!({"textDocument": {"uri": session.uri("org/acme.amb")}}),
    );
    assert_eq!(session.findings("org/acme.amb"), json!([]));
    session.end();
}

#[test]
fn what_changes_on_the_disk_is_looked_at() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    std::fs::write(session.folder().join("amb.toml"), "baselin = \"x\"\n").unwrap();
    session.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    assert_eq!(codes(&session.findings("amb.toml")), ["invalid-manifest"]);
    session.end();
}

#[test]
fn what_is_not_offered_or_not_readable_is_an_error_and_not_the_end() {
    let mut session = Session::start(&FILES);
    session.open(FILE);
    let code = |answer: Value| answer["error"]["code"].clone();
    assert_eq!(code(session.answer("textDocument/rename", json!({}))), -32601);
    assert_eq!(code(session.answer("amb/none", Value::Null)), -32601);
    assert_eq!(code(session.answer("textDocument/hover", json!({"position": 3}))), -32602);
    session.tell("textDocument/didOpen", json!({"textDocument": 1}));
    session.tell("amb/none", json!({}));
    // Nothing is known about a file that is not open, and of places behind the end.
    assert_eq!(session.at("textDocument/hover", "none.amb", 0, 0), Value::Null);
    assert_eq!(session.at("textDocument/hover", FILE, 9999, 9999), Value::Null);
    session.end();
}

#[test]
fn an_editor_that_just_goes_is_told_of() {
    let mut session = Session::start(&FILES);
    session.tell("exit", Value::Null);
    let (status, said) = session.wait();
    assert_eq!((status.code(), said.lines().count()), (Some(1), 1), "{said}");

    let mut session = Session::start(&FILES);
    session.write("Content-Length: 3\r\n\r\n{]}");
    let (status, said) = session.wait();
    assert_eq!((status.code(), said.lines().count()), (Some(1), 1), "{said}");
}
