//! Every place that `amb` shows, compared with the text that stands there: of all policies of the
//! repository that are accepted, and of some that nobody wrote.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

use amb_policy_lang::diff::{Change, diff, markdown, text};
use amb_policy_lang::explain::{Request, explain};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::summary;
use amb_policy_lang::{Date, MemoryLoader, Options, compile_with};
use serde_json::Value;

const TODAY: Date = Date { year: 2026, month: 11, day: 23 };
/// Seen from the repository's root.
const FOLDERS: [&str; 10] = [
    "codegen/tests/golden",
    "examples/demo",
    "examples/demo-redirected",
    "examples/order",
    "examples/redirect",
    "examples/simple",
    "tests/differential/policies",
    "tests/netns/policies",
    "tests/ui/policies",
    "tests/wire/policies",
];
const BY_CHANCE: u64 = 200;
/// The origin of what nobody wrote.
const NOWHERE: &str = "language";
/// Settings whose value stands behind their name as it is shown.
const PLAIN: [&str; 6] = ["attempts", "buffer", "connect", "idle", "per-try", "probes"];
/// Fewer would mean that nothing is looked at.
const LEAST: usize = 10_000;

fn written() -> Vec<Plan> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    FOLDERS.iter().flat_map(|folder| accepted(&root.join(folder))).collect()
}

/// The policies of a folder that the compiler accepts.
fn accepted(folder: &Path) -> Vec<Plan> {
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    let loader = MemoryLoader::new(files.clone());
    let options = Options { today: Some(TODAY) };
    files.iter().filter_map(|(name, _)| compile_with(name, &loader, options).plan).collect()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|it| it == "amb" || it == "toml") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.push((name, fs::read_to_string(path).unwrap()));
        }
    }
}

fn by_chance(seed: u64) -> Plan {
    let loader = MemoryLoader::new([("c.amb", amb_tests_policies::small(seed))]);
    compile_with("c.amb", &loader, Options { today: Some(TODAY) }).plan.unwrap()
}

fn all() -> Vec<Plan> {
    written().into_iter().chain((0..BY_CHANCE).map(by_chance)).collect()
}

/// What was looked at, and what of it is wrong.
#[derive(Default)]
struct Seen {
    places: usize,
    wrong: Vec<String>,
}

impl Seen {
    /// One of `words` has to stand in the line, behind nothing but blanks and other statements.
    fn line(&mut self, plan: &Plan, place: &str, words: &[&str], shown: &str) {
        let name = place.split(" (").next().unwrap();
        let (file, number) = name.rsplit_once(':').unwrap();
        let source = plan.sources.iter().find(|source| source.name == file);
        let source = source.unwrap_or_else(|| panic!("{shown:?} is in no file of the policy"));
        let number: usize = number.parse().unwrap();
        let line = source.text.lines().nth(number - 1).unwrap_or_default();
        self.places += 1;
        let stands = |word: &&str| tokens(line).any(|token| token == *word);
        let off = !shown.ends_with(" none") || tokens(line).any(|token| token == "off");
        if !words.iter().any(stands) || !off {
            self.wrong.push(format!("{shown:?} as {words:?} in {place}: {line:?}"));
        }
    }

    /// One of `words` has to stand at the place itself.
    fn place(&mut self, plan: &Plan, origin: &Value, words: &[&str], shown: &str) {
        let Some(file) = origin.get("file").and_then(Value::as_str) else { return };
        let number = |key: &str| usize::try_from(origin[key].as_u64().unwrap()).unwrap();
        let source = plan.sources.iter().find(|source| source.name == file).unwrap();
        let line = source.text.lines().nth(number("line") - 1).unwrap_or_default();
        let rest: String = line.chars().skip(number("column") - 1).collect();
        self.places += 1;
        let mut stands = tokens(&rest);
        let key = stands.next().unwrap_or_default();
        let says = !PLAIN.contains(&key) || stands.next() == shown.split(' ').next();
        if !words.contains(&key) || !says {
            self.wrong.push(format!("{shown:?} as {words:?} at {origin}: {rest:?}"));
        }
    }

    fn check(self) {
        let few: Vec<_> = self.wrong.iter().take(20).collect();
        assert!(few.is_empty(), "{} of {} are wrong: {few:#?}", self.wrong.len(), self.places);
        assert!(self.places > LEAST, "only {} places", self.places);
    }
}

fn tokens(line: &str) -> impl Iterator<Item = &str> {
    let splits = |char: char| char.is_whitespace() || matches!(char, '{' | '}' | ';' | '(' | ',');
    line.split(splits).filter(|token| !token.is_empty())
}

/// The words of which one has to stand where a statement of a group was written.
fn words<'a>(group: &'a str, statement: &'a str) -> Vec<&'a str> {
    let key = statement.split(' ').next().unwrap_or_default();
    match (group, key) {
        ("timeout", "total") => vec!["total", "timeout"],
        ("breaker", "scope") | ("breaker" | "retry", "none") => vec![group],
        ("access-log", "sample") => vec!["sample", "access-log"],
        ("timeout" | "retry" | "breaker" | "access-log" | "intercept" | "limits", _) => vec![key],
        ("headers request" | "headers response", _) => vec![key],
        ("address", _) => vec!["address", "addresses"],
        ("host", _) => vec!["hosts", "address", "addresses"],
        ("or" | "match", _) => vec!["match"],
        _ => vec![group.split(' ').next().unwrap_or_default()],
    }
}

/// What a line of a plan or an explanation shows.
struct Shown {
    label: String,
    value: String,
    place: String,
}

/// The lines of a layout whose first line has its value in the column where those of all have it.
fn shown(plan: &Plan, text: &str) -> Vec<Shown> {
    let first = text.lines().next().unwrap_or_default();
    let label = first.trim_start().split("  ").next().unwrap_or_default();
    let column = first[label.len()..].find(|char| char != ' ').unwrap_or(0) + label.len();
    let mut shown: Vec<Shown> = Vec::new();
    let mut group = String::new();
    for line in text.lines() {
        let chars: Vec<char> = line.chars().collect();
        let at = column.min(chars.len());
        let (label, rest): (String, String) =
            (chars[..at].iter().collect(), chars[at..].iter().collect());
        if !label.trim().is_empty() {
            label.trim().clone_into(&mut group);
        }
        let names = plan.sources.iter().map(|source| format!("  {}:", source.name));
        let place = names.chain([format!("  {NOWHERE}")]).find_map(|name| rest.rfind(&name));
        match (place, shown.last_mut()) {
            // A value goes on.
            (None, Some(last)) if label.trim().is_empty() => {
                last.value = format!("{} {}", last.value, rest.trim());
            }
            (at, _) => {
                let (value, place) = rest.split_at(at.unwrap_or(rest.len()));
                let [value, place] = [value, place].map(|text| text.trim().to_owned());
                shown.push(Shown { label: group.clone(), value, place });
            }
        }
    }
    shown.retain(|shown| !shown.place.is_empty() && shown.place != NOWHERE);
    shown
}

#[test]
fn a_plan_shows_where_its_values_stand() {
    let mut seen = Seen::default();
    for plan in all() {
        for Shown { label, value, place } in shown(&plan, &summary::text(&plan)) {
            if label.starts_with("route ") {
                seen.line(&plan, &place, &["match"], &value);
                continue;
            }
            for statement in value.split("; ") {
                let shown = format!("{label} {statement}");
                seen.line(&plan, &place, &words(&label, statement), &shown);
            }
        }
    }
    seen.check();
}

#[test]
fn a_plan_for_programs_shows_where_its_values_stand() {
    let mut seen = Seen::default();
    for plan in all() {
        let document = serde_json::from_str(&summary::json(&plan)).unwrap();
        walk(&plan, "", &document, &mut seen);
    }
    seen.check();
}

/// Every object with an origin, whatever it is in.
fn walk(plan: &Plan, key: &str, value: &Value, seen: &mut Seen) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(plan, key, item, seen)),
        Value::Object(fields) => {
            if let Some(origin) = fields.get("origin") {
                let setting = fields.get("setting").and_then(Value::as_str).unwrap_or(key);
                let said = fields.get("value").and_then(Value::as_str).unwrap_or_default();
                seen.place(plan, origin, &of_path(setting), said);
            }
            fields.iter().for_each(|(key, value)| walk(plan, key, value, seen));
        }
        _ => {}
    }
}

/// The words of which one has to stand where a setting of that name was written.
fn of_path(path: &str) -> Vec<&str> {
    let last = path.rsplit('.').next().unwrap_or(path);
    match path {
        "upstreams" => vec!["upstream"],
        "routes" | "forward" => vec!["route"],
        "matches" => vec!["match"],
        "address" => vec!["address", "addresses"],
        "hosts" => vec!["hosts", "address", "addresses"],
        "timeout.total" => vec!["total", "timeout"],
        "breaker.scope" => vec!["breaker"],
        "access-log.sample" => vec!["sample", "access-log"],
        "access-log.when status in" => vec!["when"],
        _ => vec![last],
    }
}

#[test]
fn an_explanation_shows_which_lines_decide() {
    let mut seen = Seen::default();
    for plan in all() {
        for request in requests(&plan) {
            for Shown { label, value, place } in shown(&plan, &explain(&plan, &request)) {
                let shown = format!("{label} {value}");
                seen.line(&plan, &place, &deciding(&label, &value), &shown);
            }
        }
    }
    seen.check();
}

/// A call of each route, and one of none.
fn requests(plan: &Plan) -> Vec<Request> {
    let called = plan.upstreams.iter().filter(|upstream| !upstream.protocol.value.is_opaque());
    let lines = called.flat_map(|upstream| {
        let host = upstream.hosts[0].value.to_string();
        let lines = upstream.routes.iter().flat_map(|route| &route.matches);
        let of_line = |line: &amb_policy_lang::plan::Match| {
            let method = line.methods.first().map_or("GET".to_owned(), ToString::to_string);
            let path = line.path.as_ref().map_or("/".to_owned(), ToString::to_string);
            let headers = line.headers.iter().map(|term| (term.name.clone(), term.value.clone()));
            (method, path.replace(['{', '}'], "").replace("**", "x"), headers.collect())
        };
        let own = lines.map(of_line).chain([("GET".to_owned(), "/nowhere".to_owned(), vec![])]);
        own.map(move |(method, target, headers)| Request {
            method,
            host: host.clone(),
            target,
            headers,
        })
        .collect::<Vec<_>>()
    });
    lines.collect()
}

/// The words of which one has to stand where a row of an explanation points to.
fn deciding<'a>(label: &'a str, value: &'a str) -> Vec<&'a str> {
    const REASONS: [(&str, &str); 9] = [
        ("not in on ", "on"),
        ("may have been processed", "non-idempotent"),
        ("larger than `buffer`", "buffer"),
        ("`retry-after` is too long", "retry-after"),
        ("; attempts ", "attempts"),
        ("no time left of timeout total", "total"),
        ("; budget ", "budget"),
        ("; open-for ", "open-for"),
        ("; breaker ", "breaker"),
    ];
    let reason = REASONS.iter().find(|(said, _)| value.contains(said)).map(|(_, word)| *word);
    match (label, reason) {
        ("upstream", _) => vec!["hosts", "address", "addresses"],
        ("route", _) if value.starts_with("none matches") => vec!["upstream"],
        ("route", _) => vec!["match"],
        ("waits", _) => vec!["backoff"],
        (_, Some("total")) => vec!["total", "timeout"],
        (_, Some("breaker")) => {
            vec!["failures", "consecutive-failures", "failure-rate", "slow"]
        }
        (_, Some(word)) => vec![word],
        (label, None) => words(label, value),
    }
}

#[test]
fn a_difference_shows_where_both_values_stand() {
    let mut seen = Seen::default();
    let chance: Vec<_> = (0..BY_CHANCE).map(by_chance).collect();
    let written = written();
    for [old, new] in chance.array_windows().chain(written.array_windows()) {
        let changes = diff(old, new);
        let (lines, rows) = (text(&changes), markdown(&changes));
        let rows = rows.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
        for ((change, line), row) in changes.iter().zip(lines.lines()).zip(rows) {
            let old_side = (old, &change.old, &change.old_place);
            for (plan, value, place) in [old_side, (new, &change.new, &change.new_place)] {
                let Some(place) = place.as_ref().filter(|place| *place != NOWHERE) else {
                    continue;
                };
                assert!(line.contains(place.as_str()) && row.contains(place.as_str()), "{line}");
                let value = value.as_deref().unwrap_or_default();
                seen.line(plan, place, &changed(change, value), line);
            }
        }
    }
    seen.check();
}

/// The words of which one has to stand where a side of a change points to.
fn changed<'a>(change: &'a Change, value: &'a str) -> Vec<&'a str> {
    let first = value.split(' ').next().unwrap_or_default();
    let moved = change.scope.starts_with("otherwise ") && change.old.as_deref() == Some(value);
    match change.setting.as_str() {
        // Nobody wrote a policy for calls that are let through.
        _ if moved => vec!["otherwise"],
        "breaker" | "retry.budget" | "limits.connections" if change.scope == "service" => {
            vec!["upstream", "route"]
        }
        "retry" | "breaker" | "intercept" | "headers.request" | "headers.response" => vec![first],
        "intercept.except cidrs" | "intercept.except uids" => vec!["except"],
        "access-log" => vec!["sample", "access-log"],
        "call" => vec!["match", "upstream", "otherwise"],
        "otherwise" => vec!["otherwise", "upstream"],
        "slowest answer" | "slow tries" | "amplification" | "timeout.per-try" => {
            vec!["per-try", "total", "timeout"]
        }
        path => of_path(path),
    }
}
