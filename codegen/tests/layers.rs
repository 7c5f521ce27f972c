//! What layers are called in generated code.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use amb_codegen::generate;
use amb_policy_lang::{MemoryLoader, compile};

fn generated(files: &[(&str, &str)]) -> String {
    let outcome = compile("web.amb", &MemoryLoader::new(files.iter().copied()));
    assert_eq!(outcome.diagnostics, []);
    generate(&outcome.plan.unwrap()).proxy_rs
}

/// Lines that begin so, or have it behind a value.
fn count(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

#[test]
fn namesakes_of_two_files_are_two_types() {
    let policy = "edition 2026\nimport \"a.amb\" as a\nimport \"b.amb\" as b\nservice web\n\
        upstream x { address \"x:80\"; use a.short }\n\
        upstream y { address \"y:80\"; use b.short }\notherwise pass\n";
    let text = generated(&[
        ("web.amb", policy),
        ("a.amb", "edition 2026\npolicy short { timeout 1s }\n"),
        ("b.amb", "edition 2026\npolicy short { timeout 2s }\n"),
    ]);
    for (name, total) in [("a", 1), ("b", 2)] {
        let of = format!("TOTAL: Total = Total::Fixed(secs({total})); // policy {name}.short");
        assert_eq!(count(&text, &of), 1, "{text}");
        let name = name.to_uppercase();
        assert_eq!(count(&text, &format!("pub struct {name}ShortTimeout;")), 1, "{text}");
    }
}

#[test]
fn an_upstream_does_not_read_like_a_layer() {
    let policy = "edition 2026\nservice web\ndefaults { timeout 1s }\n\
        upstream defaults { address \"x:80\"; timeout 2s }\n\
        upstream language { address \"y:80\"; timeout 3s }\n\
        upstream plain { address \"z:80\" }\notherwise pass\n";
    let text = generated(&[("web.amb", policy)]);
    for (name, who, total) in [
        ("DefaultsTimeout", "defaults", 1),
        ("DefaultsUpstreamTimeout", "upstream defaults", 2),
        ("LanguageUpstreamTimeout", "upstream language", 3),
    ] {
        let of = format!("TOTAL: Total = Total::Fixed(secs({total})); // {who}");
        assert_eq!(text.lines().filter(|line| line.ends_with(&of)).count(), 1, "{text}");
        assert_eq!(count(&text, &format!("pub struct {name};")), 1, "{text}");
    }
    assert_eq!(text.lines().filter(|line| line.trim() == "// language").count(), 0, "{text}");
}
