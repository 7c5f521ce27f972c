//! Puts a comment behind what it is about, where that is one line and there is room.
//!
//! So a value and who decided it are one line, and a change of either is the change of a line. An arm of
//! a route or of an upstream keeps its comment above: if two of them touched, they could not be changed
//! on two branches that are merged.

const WIDTH: usize = 100;

/// The same lines, some of them behind others.
pub(crate) fn trail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut rest = lines.as_slice();
    let mut previous = "";
    while let [line, after @ ..] = rest {
        let behind = after.first().filter(|_| !is_comment(previous));
        let is_body = previous.ends_with('{') && after.get(1).is_some_and(|it| it.trim() == "}");
        match behind.and_then(|next| joined(line, next, is_body)) {
            Some(joined) => {
                out.push_str(&joined);
                (previous, rest) = ("", after.get(1..).unwrap_or_default());
            }
            None => {
                out.push_str(line);
                (previous, rest) = (line, after);
            }
        }
        out.push('\n');
    }
    out
}

/// A line without the comment behind it, and without what a line of comment says.
pub(crate) fn code(line: &str) -> &str {
    match line.rsplit_once("// ") {
        Some((code, _)) if code.trim().is_empty() || ends(code) || is_call(code.trim_end()) => {
            code.trim_end()
        }
        _ => line,
    }
}

/// A comment of one line before an item of one line, or before all that a function does.
fn joined(comment: &str, next: &str, is_body: bool) -> Option<String> {
    let fits = ends(next) && is_whole(next) && !is_one_of(next) || is_body && is_call(next);
    if !is_comment(comment) || is_comment(next) || !fits {
        return None;
    }
    let line = format!("{next} {}", comment.trim_start());
    (line.chars().count() <= WIDTH).then_some(line)
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("// ")
}

/// An arm or an element among those of other places of the policy; the arm for what is left is no such arm.
fn is_one_of(line: &str) -> bool {
    let line = line.trim_start();
    let pattern = line.split_once(" => ").map(|(pattern, _)| pattern);
    line.starts_with("RouteSpec::")
        || line.starts_with("UpstreamSpec::")
        || pattern.is_some_and(|pattern| pattern != "_" && !pattern.starts_with("Route::"))
}

/// The end of a statement, a field or an arm.
fn ends(line: &str) -> bool {
    line.trim_end().ends_with([';', ','])
}

/// What a function that does one thing consists of.
fn is_call(line: &str) -> bool {
    line.ends_with(')') || line.ends_with(".await")
}

/// Not the end of something that began on a line before.
fn is_whole(line: &str) -> bool {
    !line.trim_start().starts_with([')', ']', '}', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_stands_behind_a_line() {
        for (above, behind) in [
            ("    // a\n    const B: u32 = 1;\n", "    const B: u32 = 1; // a\n"),
            ("// a\nb: 1,\n// c\n_ => d,\n", "b: 1, // a\n_ => d, // c\n"),
            ("// a\nRoute::B => c,\n", "Route::B => c, // a\n"),
            ("fn b() {\n    // a\n    c()\n}\n", "fn b() {\n    c() // a\n}\n"),
        ] {
            assert_eq!(trail(above), behind);
            assert_eq!(trail(behind), behind, "once more changes nothing");
        }
    }

    #[test]
    fn other_comments_stay_above() {
        let long = format!("// a\nconst B: &str = {:?};\n", "x".repeat(90));
        for text in [
            "// a\nfn f() {\n}\n",
            "// a\n// b\nc();\n",
            "// a\nB {\n    x: 1,\n},\n",
            "/// a\nb: 1,\n",
            "fn b() {\n    // a\n    c()\n        && d()\n}\n",
            "// a\n[b] => Route::C,\n",
            "// a\nRouteSpec::new(\"b\"),\n",
            "// a\nb\"b\" => c(head),\n// d\n(b\"b\", 80) => Incoming::Http,\n",
            long.as_str(),
        ] {
            assert_eq!(trail(text), text);
        }
    }

    #[test]
    fn a_line_is_told_from_its_comment() {
        for (line, expect) in [
            ("a; // b", "a;"),
            ("a() // b", "a()"),
            ("    // b", ""),
            ("a", "a"),
            ("f(\"// x\")", "f(\"// x\")"),
        ] {
            assert_eq!(code(line), expect);
        }
    }
}
