//! Joins lines where the code fits on one.
//!
//! prettyplease breaks every struct literal and many patterns. A bracket that opens at the end of
//! a line is joined with its content and its closing line if nothing inside needs lines of its
//! own (comments, statements, arms) and the result is short enough; otherwise its content is
//! looked at in turn. Literals never hold a line break, so lines are safe to work on.

const WIDTH: usize = 100;

/// The same code in fewer lines.
pub(crate) fn tighten(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    block(&lines, &mut out);
    let packed = pack(out);
    packed.into_iter().map(|line| line + "\n").collect()
}

fn block(mut lines: &[&str], out: &mut Vec<String>) {
    while let Some((first, rest)) = lines.split_first() {
        match joined(lines) {
            Some((line, used)) => {
                out.extend(line);
                lines = lines.get(used..).unwrap_or_default();
            }
            None => {
                out.push((*first).to_owned());
                lines = rest;
            }
        }
    }
}

/// What the bracket opened here becomes, and how many lines it stands for.
fn joined(lines: &[&str]) -> Option<(Vec<String>, usize)> {
    let (first, rest) = lines.split_first()?;
    let close = closer(first)?;
    let end = rest.iter().position(|line| indent(line) <= indent(first))?;
    let (inside, last) = (rest.get(..end)?, rest.get(end)?);
    let closes = indent(last) == indent(first) && last.trim_start().starts_with(close);
    if !closes || inside.iter().any(|line| needs_line(line)) {
        return None;
    }
    if first.ends_with("=> {") {
        return arm(first, inside, last).map(|line| (vec![line], end + 2));
    }
    let line = inside
        .iter()
        .chain([last])
        .fold((*first).to_owned(), |line, next| glue(&line, next.trim()));
    if fits(&line) {
        return Some((vec![line], end + 2));
    }
    before_guard(&line, indent(first)).map(|lines| (lines, end + 2))
}

/// The bracket that closes what this line opens, unless it is a block of code.
fn closer(line: &str) -> Option<char> {
    match line.chars().last()? {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' if line.ends_with("=> {") || opens_literal(line) => Some('}'),
        _ => None,
    }
}

/// `Address::Dns {`, but not `impl Upstream for Payment {` or `fn route() -> Route {`.
fn opens_literal(line: &str) -> bool {
    let head = line.trim_end_matches(['{', ' ']);
    let path = head.rsplit([' ', '(', '&']).next().unwrap_or(head);
    let name = path.rsplit("::").next().unwrap_or(path);
    let is_item = ["pub ", "impl ", "fn ", "async ", "mod "]
        .iter()
        .any(|word| head.trim_start().starts_with(word));
    !is_item && !head.contains("->") && name.starts_with(|char: char| char.is_ascii_uppercase())
}

/// Comments, statements, arms and blocks stay on their own lines.
fn needs_line(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("//")
        || line.ends_with(';')
        || line.ends_with("=> {")
        || line.contains(" => ")
        || line.starts_with("if ")
        || line.starts_with("match ")
}

fn glue(line: &str, next: &str) -> String {
    let closes = next.starts_with([')', ']', '}']);
    let line = if closes { line.trim_end_matches(',') } else { line };
    let is_call = next.starts_with('.') && !next.starts_with("..");
    let tight = line.ends_with(['(', '[']) || next.starts_with([')', ']']) || is_call;
    if tight { format!("{line}{next}") } else { format!("{line} {next}") }
}

/// `=> {⏎ call(x).await⏎ }` becomes `=> call(x).await,`.
fn arm(first: &str, inside: &[&str], last: &str) -> Option<String> {
    let [only] = inside else {
        return None;
    };
    let line = format!("{}{},", first.strip_suffix('{')?, only.trim());
    (last.trim() == "}" && fits(&line)).then_some(line)
}

/// A pattern on its line, its guard on the next.
fn before_guard(line: &str, indent: usize) -> Option<Vec<String>> {
    let (pattern, guard) = line.split_once(") if ")?;
    let (pattern, guard) = (format!("{pattern})"), format!("{:1$}if {guard}", "", indent + 4));
    (fits(&pattern) && fits(&guard)).then(|| vec![pattern, guard])
}

/// Alternatives of a pattern, as many on a line as fit.
fn pack(lines: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut base = 0;
    for line in lines {
        let alternative = line.trim_start().starts_with("| ");
        match out.last_mut().filter(|_| alternative) {
            Some(last) if fits(&format!("{last} {}", line.trim())) => {
                *last = format!("{last} {}", line.trim());
            }
            Some(_) => out.push(format!("{:1$}{2}", "", base + 4, line.trim())),
            None => {
                base = indent(&line);
                out.push(line);
            }
        }
    }
    out
}

fn fits(line: &str) -> bool {
    line.chars().count() <= WIDTH
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(loose: &str, tight: &str) {
        assert_eq!(tighten(loose), tight);
        assert_eq!(tighten(tight), tight, "tightening again changes nothing");
    }

    #[test]
    fn a_short_literal_is_one_line() {
        check(
            "    address: Address::Dns {\n        host: \"a\",\n        port: 1,\n    },\n",
            "    address: Address::Dns { host: \"a\", port: 1 },\n",
        );
    }

    #[test]
    fn a_pattern_is_one_line() {
        check(
            "(\n    Method::Get,\n    [b\"v1\",\n    sku,\n    ..,\n    ],\n) if x => Y,\n",
            "(Method::Get, [b\"v1\", sku, ..]) if x => Y,\n",
        );
    }

    #[test]
    fn brackets_in_literals_are_left_alone() {
        check("f(\n    b\", ]\",\n    \"(\",\n)\n", "f(b\", ]\", \"(\")\n");
    }

    #[test]
    fn an_arm_of_one_expression_is_one_line() {
        check("A | B => {\n    c(d).await\n}\n", "A | B => c(d).await,\n");
    }

    #[test]
    fn alternatives_are_packed() {
        let many = |glue: &str| ["Method::Options"; 7].join(glue);
        let loose = format!("    x,\n    {}\n", many("\n    | "));
        let tight = tighten(&loose);
        assert_eq!(tight.lines().count(), 3, "{tight}");
        assert_eq!(
            tight.split_whitespace().collect::<String>(),
            loose.split_whitespace().collect::<String>()
        );
    }

    #[test]
    fn code_and_comments_keep_their_lines() {
        for text in [
            "fn f() -> Route {\n    x\n}\n",
            "impl A for B {\n    const C: D = E;\n}\n",
            "pub enum Route {\n    A,\n    B,\n}\n",
            "x: &[\n    // who decided\n    y,\n]\n",
            "match x {\n    A => {\n        f();\n        true\n    }\n}\n",
        ] {
            check(text, text);
        }
    }
}
