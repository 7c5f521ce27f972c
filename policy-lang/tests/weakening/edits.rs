//! Random edits of a policy's text. Many make no sense; the compiler sorts those out.

use amb_tests_policies::Dice;

/// Other words for one that stands in a policy: what an author could write in its place.
const WORDS: &[&[&str]] = &[
    &["pass", "reject"],
    &["http1", "http2", "auto", "tcp", "tls-passthrough", "grpc"],
    &["full-jitter", "equal-jitter"],
    &["GET", "GET|HEAD", "POST", "PUT", "PUT|DELETE", "DELETE"],
    &["429", "503", "5xx", "502..504", "500", "404"],
    &["connect-failure", "reset", "timeout", "refused-stream"],
    &["100ms", "250ms", "500ms", "1s", "2s", "5s", "10s", "30s", "1h"],
    &["10ms..100ms", "1ms..1ms", "100ms..1s", "100ms..30s", "1s..60s"],
    &["1", "2", "3", "4", "5", "8"],
    &["10%", "20%", "50%", "100%"],
    &["1/s", "2/s", "100/s"],
    &["512B", "1KiB", "64KiB", "1MiB"],
    &["set", "add", "default", "remove"],
    &["upstream.name", "service.name", "request.id", "\"text\"", "header(\"user-agent\")"],
    &["open", "closed"],
    &["403", "404", "200", "410"],
    &["/v1/charges", "/v1/**", "/**", "/v1/{id}", "/v1/stock/{sku}", "/v1/reservations/{id}"],
    &["8080", "8081", "8000..8999"],
    &["\"payment.shop.svc:8080\"", "\"inventory.shop.svc:8080\"", "\"other.svc:80\""],
    &["\"idempotency-key\"", "\"x-other\"", "\"x-correlation-id\"", "\"host\""],
];

/// Statements that somebody could write into a block of an upstream, a route or `defaults`.
const MORE: &[&str] = &[
    "retry off",
    "retry { attempts 2 }",
    "retry { on connect-failure, 5xx; attempts 4 }",
    "retry { methods GET, PUT }",
    "retry { backoff fixed 200ms }",
    "retry { retry-after ignore }",
    "retry { non-idempotent when header(\"idempotency-key\") }",
    "breaker off",
    "breaker { consecutive-failures 2 }",
    "breaker { failures 3 within 10s; open-for 1s..8s }",
    "timeout 1s",
    "timeout { total 3s; per-try 300ms }",
    "timeout { total deadline max 1s }",
    "timeout { idle 10s }",
    "trace",
    "trace off",
    "correlation-id \"x-correlation-id\"",
    "correlation-id off",
    "fallback 202",
    "fallback off",
    "headers request { set \"x-team\" \"shop\" }",
    "headers request { set \"x-team\" upstream.name }",
    "headers request { remove \"x-debug\" }",
    "headers request { remove \"x-debug\"; set \"x-debug\" \"on\" }",
    "headers request { set \"x-copy\" header(\"x-debug\"); remove \"x-debug\" }",
    "headers response { remove \"server\" }",
    "headers response { set \"server\" \"amb\" }",
    "hosts \"other.svc\"",
    "hosts \"*.shop.svc\"",
    "hosts \"*.svc\", \"third\"",
    "listen \"127.0.0.1:19001\"",
    "route front { match GET /v1/** header(\"x-kind\") == \"late\" }",
    "route front { match POST /v1/**; timeout 1s }",
    "route front { match /v1/charges; retry { attempts 4 } }",
    "route no { match /v1/admin/**; respond 403 }",
    "route no { match any header(\"x-kind\") == \"late\"; respond 200 }",
    "route last { match GET; timeout 500ms }",
    "route last { match any; retry off }",
    "rewrite host \"other.svc\"",
    "rewrite path /v2/all",
    "match GET /v1/more/{id}",
    "match OPTIONS",
    "respond 410",
];

/// One to three edits.
pub(crate) fn edited(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(3) {
        let edits: [fn(&str, &mut Dice) -> Option<String>; 7] =
            [another_word, another_word, another_word, one_more, without, swapped, renamed];
        let edit = dice.pick(&edits);
        text = edit(&text, dice).unwrap_or(text);
    }
    text
}

/// Words with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let split = |char: char| char.is_whitespace() || matches!(char, ',' | ';' | '{' | '}');
    let mut at = 0;
    let mut words = Vec::new();
    for word in text.split(split) {
        if !word.is_empty() {
            words.push((at, word));
        }
        at += word.len() + 1;
    }
    words
}

fn another_word(text: &str, dice: &mut Dice) -> Option<String> {
    let known = |word: &str| WORDS.iter().any(|words| words.contains(&word));
    let words: Vec<_> = words(text).into_iter().filter(|(_, word)| known(word)).collect();
    let (at, word) = *words.get(dice.below(words.len() as u64) as usize)?;
    let lists: Vec<_> = WORDS.iter().filter(|words| words.contains(&word)).collect();
    let list = *dice.pick(&lists);
    let other = dice.pick(list);
    Some(format!("{}{other}{}", &text[..at], &text[at + word.len()..]))
}

/// A statement into the block that begins at some brace.
fn one_more(text: &str, dice: &mut Dice) -> Option<String> {
    let blocks: Vec<usize> = lines(text)
        .into_iter()
        .filter(|(_, line)| {
            let line = line.trim();
            let block =
                ["upstream ", "route ", "defaults "].iter().any(|key| line.starts_with(key));
            block && line.ends_with('{')
        })
        .map(|(at, line)| at + line.len())
        .collect();
    let at = *blocks.get(dice.below(blocks.len() as u64) as usize)?;
    // In front, or behind everything.
    let end = at + text[at..].find("\n}").unwrap_or(0);
    let at = if dice.one_in(3) { end } else { at };
    Some(format!("{}\n{}{}", &text[..at], dice.pick(MORE), &text[at..]))
}

fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let place = at;
            at += line.len();
            (place, line.trim_end_matches('\n'))
        })
        .collect()
}

/// Statements with all that is in their blocks, as ranges of bytes.
fn statements(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, line) in lines(text) {
        let statement = line.trim();
        if statement.is_empty() || statement.starts_with(['#', '}']) {
            continue;
        }
        let (mut depth, mut end) = (0_i32, at + line.len());
        for (offset, char) in text[at..].char_indices() {
            depth += i32::from(char == '{') - i32::from(char == '}');
            if depth == 0 && char == '\n' {
                end = at + offset;
                break;
            }
        }
        found.push((at, end));
    }
    found
}

fn without(text: &str, dice: &mut Dice) -> Option<String> {
    let statements = statements(text);
    let (from, to) = *statements.get(dice.below(statements.len() as u64) as usize)?;
    Some(format!("{}{}", &text[..from], &text[to..]))
}

fn swapped(text: &str, dice: &mut Dice) -> Option<String> {
    let statements = statements(text);
    let (from, to) = *statements.get(dice.below(statements.len() as u64) as usize)?;
    let (next, end) = *statements.iter().find(|(at, _)| *at >= to)?;
    let [before, one, between, other, after] =
        [&text[..from], &text[from..to], &text[to..next], &text[next..end], &text[end..]];
    Some(format!("{before}{other}{between}{one}{after}"))
}

fn renamed(text: &str, dice: &mut Dice) -> Option<String> {
    let words = words(text);
    let named = words.iter().zip(words.iter().skip(1));
    let named: Vec<&str> = named
        .filter(|((_, key), _)| matches!(*key, "upstream" | "route" | "retry" | "breaker" | "test"))
        .map(|(_, (_, name))| *name)
        .collect();
    let name = *named.get(dice.below(named.len() as u64) as usize)?;
    let mut out = String::new();
    let mut rest = 0;
    for (at, word) in words {
        if word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with(".breaker"))
        {
            out += &text[rest..at];
            out += "renamed";
            rest = at + name.len();
        }
    }
    Some(out + &text[rest..])
}
