//! Every wrong policy of the ui corpus is served: what is shown is what `amb check` says, and
//! no place in it is too broken to be asked about.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use snapbox::cmd::{Command, cargo_bin};

use crate::session::Session;

#[test]
fn wrong_policies_are_served_as_well() {
    let mut session = Session::start(&[]);
    let policies = policies();
    assert!(policies.len() > 80, "only {} policies were found", policies.len());
    for path in &policies {
        let file = path.to_str().unwrap();
        let found = session.open(file);
        let lines: Vec<_> = found.as_array().unwrap().iter().map(line).collect();
        assert_eq!(lines, checked(path), "{file}");
        // What is no text cannot be opened by an editor either.
        let text = fs::read_to_string(path).unwrap_or_default();
        ask_everywhere(&mut session, file, &text);
        session.tell("textDocument/didClose", json!({"textDocument": {"uri": session.uri(file)}}));
        // What was never shown need not be taken back.
        if !lines.is_empty() {
            assert_eq!(session.findings(file), json!([]));
        }
    }
    session.end();
}

fn policies() -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/policies").canonicalize().unwrap();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut policies: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "amb"))
        .filter(|path| fs::read_to_string(path).is_ok())
        .collect();
    policies.sort();
    policies
}

/// Code and line of a finding.
fn line(found: &Value) -> (String, u64) {
    let line = found["range"]["start"]["line"].as_u64().unwrap() + 1;
    (found["code"].as_str().unwrap().to_owned(), line)
}

/// What `amb check` says about the file itself.
fn checked(path: &Path) -> Vec<(String, u64)> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let output = Command::new(cargo_bin!("amb"))
        .current_dir(path.parent().unwrap())
        .args(["check", "--format", "json", name])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let found = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = found.filter(|found| found["file"] == name);
    own.map(|found| (found["code"].as_str().unwrap().to_owned(), found["line"].as_u64().unwrap()))
        .collect()
}

fn ask_everywhere(session: &mut Session, file: &str, text: &str) {
    for at in (0..text.len()).step_by(17).filter(|at| text.is_char_boundary(*at)) {
        let (line, character) = crate::end(&text[..at]);
        for method in ["hover", "completion", "definition"] {
            session.at(&format!("textDocument/{method}"), file, line, character);
        }
    }
    let everything =
        json!({"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}});
    let document = json!({"uri": session.uri(file)});
    let context = json!({"diagnostics": []});
    session.ask(
        "textDocument/codeAction",
        json!({"textDocument": document, "range": everything, "context": context}),
    );
    session.ask(
        "textDocument/formatting",
        json!({"textDocument": document, "options": {"tabSize": 4, "insertSpaces": true}}),
    );
}
