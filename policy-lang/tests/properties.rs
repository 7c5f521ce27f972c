//! What holds for every policy: no text makes the compiler fail, and guardrails only narrow.

use amb_policy_lang::{MemoryLoader, Outcome, compile};
use proptest::prelude::*;

fn compiled(text: String) -> Outcome {
    compile("a.amb", &MemoryLoader::new([("a.amb", text)]))
}

fn policy(attempts: u8, total: u16, backoff: &str, breaker: bool, requires: &[String]) -> String {
    let breaker = if breaker { "breaker" } else { "breaker off" };
    format!(
        "edition 2026\nservice web\n{}\nupstream a {{\n address \"a:80\"\n timeout {total}ms\n \
         retry {{ attempts {attempts}; backoff {backoff} }}\n {breaker}\n}}\notherwise pass\n",
        requires.join("\n")
    )
}

fn require() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..9_u8).prop_map(|most| format!("require retry.attempts <= {most}")),
        (0..9_u8).prop_map(|least| format!("require retry.attempts >= {least}")),
        (1..9_u8).prop_map(|most| format!("require amplification < {most}x")),
        (1..5000_u16).prop_map(|most| format!("require timeout.total <= {most}ms")),
        (1..5000_u16).prop_map(|first| format!("require worst-latency in {first}ms..6s")),
        Just("require retry.backoff == full-jitter".to_owned()),
        Just("require retry.backoff in full-jitter, equal-jitter".to_owned()),
        Just("require breaker exists".to_owned()),
        Just("require retry.on has 429, connect-failure".to_owned()),
        Just("require observe.access-log exists".to_owned()),
        Just("require nonsense <= 3".to_owned()),
    ]
}

const WORDS: [&str; 59] = [
    "edition 2026",
    "service web",
    "upstream a",
    "route r",
    "match",
    "GET",
    "/x/{y}",
    "/**",
    "any",
    "retry",
    "off",
    "timeout",
    "breaker",
    "attempts",
    "3",
    "2s",
    "100ms..30s",
    "full-jitter",
    "backoff",
    "{",
    "}",
    "\n",
    ";",
    ",",
    "\"a:80\"",
    "address",
    "otherwise pass",
    "test \"t\"",
    "request",
    "given",
    "a",
    "replies",
    "503",
    "expect",
    "status",
    "==",
    "require",
    "exists",
    "baseline b",
    "defaults",
    "exempt",
    "until",
    "headers request",
    "set",
    "header(\"x\")",
    "extends",
    "use",
    "policy p",
    "import \"a.amb\"",
    "respond",
    "rewrite path",
    "# c\n",
    "## d\n",
    "0.5s",
    "5xx",
    "grpc(x)",
    "in",
    "20%",
    "1/s",
];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&WORDS[..])
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in "\\PC{0,120}") {
        drop(compiled(text));
    }

    #[test]
    fn any_words_are_judged_without_panic(words in prop::collection::vec(word(), 0..60)) {
        let outcome = compiled(words.join(" "));
        let errors = outcome.diagnostics.iter().any(|found| found.is_error());
        prop_assert!(!(errors && outcome.plan.is_some()));
    }

    #[test]
    fn one_more_require_never_turns_rejection_into_acceptance(
        attempts in 1..6_u8,
        total in 200..5000_u16,
        backoff in prop::sample::select(vec!["full-jitter 10ms..100ms", "equal-jitter 10ms..100ms", "fixed 20ms"]),
        breaker: bool,
        requires in prop::collection::vec(require(), 0..4),
        more in require(),
    ) {
        let before = compiled(policy(attempts, total, backoff, breaker, &requires));
        let mut all = requires.clone();
        all.push(more);
        let after = compiled(policy(attempts, total, backoff, breaker, &all));
        prop_assert!(before.plan.is_some() || after.plan.is_none());
    }
}
