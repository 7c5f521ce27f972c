//! An editor's side of a session with the real `amb lsp`, over its standard input and output.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct Session {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: TempDir,
    /// Of the last request.
    id: i64,
    /// Findings that came while an answer was waited for.
    pushed: Vec<Value>,
}

impl Session {
    /// Starts a server beside these files, and says hello.
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut server = Command::new(snapbox::cmd::cargo_bin!("amb"))
            .args(["lsp", "--stdio"])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let output = BufReader::new(output);
        let mut session = Self { server, input, output, folder, id: 0, pushed: Vec::new() };
        let hello = session
            .ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": {}}));
        assert_eq!(hello["serverInfo"]["name"], "amb");
        session.tell("initialized", json!({}));
        session
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn uri(&self, file: &str) -> String {
        format!("file://{}", self.folder.path().join(file).display())
    }

    /// Opens a file with the text that it has.
    pub(crate) fn open(&mut self, file: &str) -> Value {
        let text = fs::read_to_string(self.folder.path().join(file)).unwrap();
        self.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": self.uri(file), "languageId": "amb", "version": 1, "text": text}}),
        );
        self.findings(file)
    }

    /// Gives a buffer a new text.
    pub(crate) fn change(&mut self, file: &str, version: i32, text: &str) -> Value {
        self.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": self.uri(file), "version": version}, "contentChanges": [{"text": text}]}),
        );
        self.findings(file)
    }

    /// The next findings that are pushed for a file.
    pub(crate) fn findings(&mut self, file: &str) -> Value {
        let uri = self.uri(file);
        let known = self.pushed.iter().position(|pushed| pushed["uri"] == uri.as_str());
        if let Some(at) = known {
            return self.pushed.remove(at)["diagnostics"].take();
        }
        loop {
            let mut pushed = self.read();
            assert_eq!(pushed["method"], "textDocument/publishDiagnostics");
            let mut params = pushed["params"].take();
            if params["uri"] == uri.as_str() {
                return params["diagnostics"].take();
            }
            self.pushed.push(params);
        }
    }

    /// Asks about a place in a file, lines and UTF-16 units counted from 0.
    pub(crate) fn at(&mut self, method: &str, file: &str, line: u32, character: u32) -> Value {
        let uri = self.uri(file);
        self.ask(
            method,
            json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}),
        )
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The whole answer, be it an error.
    pub(crate) fn answer(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let mut message = self.read();
            if message["id"] == id {
                return message;
            }
            self.pushed.push(message["params"].take());
        }
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.write(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server has gone");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Says goodbye; the server ends well.
    pub(crate) fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        let (status, said) = self.wait();
        assert!(status.success(), "{status}: {said}");
        assert_eq!(said, "");
    }

    /// How the server ends when no more is sent, and what it says.
    pub(crate) fn wait(self) -> (ExitStatus, String) {
        drop(self.input);
        let output = self.server.wait_with_output().unwrap();
        (output.status, String::from_utf8(output.stderr).unwrap())
    }
}
