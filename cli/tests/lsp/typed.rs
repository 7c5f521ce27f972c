//! Policies typed from the first character to the last: what comes next is always among what
//! is offered, though everything behind the cursor is missing.

use std::fs;
use std::path::Path;

use amb_policy_lang::syntax::ast::{Item, Statement, Value};
use amb_policy_lang::syntax::parse;

use crate::labels;
use crate::session::Session;

#[test]
fn the_next_word_is_always_offered() {
    for (folder, files) in [("order", &["order.amb", "acme.amb"][..]), ("demo", &["demo.amb"])] {
        let read = |name: &&str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(folder);
            (name.to_string(), fs::read_to_string(path.join(name)).unwrap())
        };
        let texts: Vec<_> = files.iter().map(read).collect();
        let given: Vec<_> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        for (name, text) in &texts {
            let mut session = Session::start(&given);
            session.open(name);
            let asked = Typing { session: &mut session, file: name, text, version: 1 }.all();
            assert!(asked > 30, "{name}: only {asked}");
            session.end();
        }
    }
}

struct Typing<'a> {
    session: &'a mut Session,
    file: &'a str,
    text: &'a str,
    version: i32,
}

impl Typing<'_> {
    /// Types it all; returns how many words were asked for.
    fn all(&mut self) -> usize {
        let (tree, found) = parse(0, self.text);
        assert_eq!(found, []);
        let mut words = Vec::new();
        items(&tree.items, &mut words);
        words.iter().for_each(|(at, word)| self.offered(*at as usize, word));
        words.len()
    }

    /// Types up to a word, and then half of it: both times it is offered.
    fn offered(&mut self, at: usize, word: &str) {
        for typed in [at, at + word.len() / 2] {
            let text = &self.text[..typed];
            self.version += 1;
            self.session.change(self.file, self.version, text);
            let (line, character) = crate::end(text);
            let offered = self.session.at("textDocument/completion", self.file, line, character);
            let place = self.text[..at].lines().count();
            let labels = labels(&offered);
            assert!(labels.contains(&word), "{}:{place}: {word}: {labels:?}", self.file);
        }
    }
}

fn items(items: &[Item], words: &mut Vec<(u32, String)>) {
    for item in items {
        if let Item::Statement(statement) = item {
            self::statement(statement, words);
        }
    }
}

/// Its key, and those of its arguments that are words of the language or names known by now.
fn statement(statement: &Statement, words: &mut Vec<(u32, String)>) {
    words.push((statement.key_span.start, statement.key.clone()));
    for (position, arg) in statement.args.iter().enumerate() {
        match &arg.value {
            Value::Name(name) if !own(statement, position) => {
                words.push((arg.span.start, name.clone()));
            }
            Value::Block(block) => items(&block.items, words),
            _ => {}
        }
    }
    statement.block.iter().for_each(|block| items(&block.items, words));
}

/// Is it a word of the author's own? A definition's name, or what a guardrail compares with.
fn own(statement: &Statement, position: usize) -> bool {
    match statement.key.as_str() {
        "service" | "upstream" | "route" | "policy" => true,
        "baseline" => statement.block.is_some(),
        "require" => position > 1,
        _ => false,
    }
}
