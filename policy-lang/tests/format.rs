//! The formatter: one canonical form, nothing lost.

use amb_policy_lang::format;
use proptest::prelude::*;

fn check(written: &str, expect: &str) {
    let expect = Ok(expect.to_owned());
    assert_eq!(format("a.amb", written), expect);
    assert_eq!(
        expect.as_ref().map(|once| format("a.amb", once)),
        Ok(expect.clone()),
        "not idempotent"
    );
}

#[test]
fn values_stand_below_each_other_within_a_run() {
    check(
        "upstream a{\naddress   \"a:80\"\n  timeout 2s\nretry {attempts 3;on connect-failure,429 ,503}\n\n\n\nlisten \"127.0.0.1:1\"\n}\n",
        "upstream a {\n    address \"a:80\"\n    timeout 2s\n    retry   { attempts 3; on connect-failure, 429, 503 }\n\n    listen \"127.0.0.1:1\"\n}\n",
    );
}

#[test]
fn operators_of_comparisons_stand_below_each_other() {
    check(
        "test \"t\" {\n request GET \"a\" /x\n expect status == 503\n expect a.requests in 1..3\n}",
        "test \"t\" {\n    request GET \"a\" /x\n    expect  status     == 503\n    expect  a.requests in 1..3\n}\n",
    );
    check(
        "require retry.attempts <= 3\nrequire amplification <= 4x\n",
        "require retry.attempts <= 3\nrequire amplification  <= 4x\n",
    );
}

#[test]
fn a_block_of_several_lines_ends_a_run() {
    check(
        "observe {\nmetrics\ntraces otlp { sample 5% }\naccess-log json {\nsample 100%\nwhen status in 4xx\n}\nadmin \"127.0.0.1:9901\"\n}",
        "observe {\n    metrics\n    traces     otlp { sample 5% }\n    access-log json {\n        sample 100%\n        when   status in 4xx\n    }\n    admin \"127.0.0.1:9901\"\n}\n",
    );
    check(
        "policy p {\ntimeout { total 1s }\nretry x { attempts 2 }\nbreaker {\nprobes 1\n}\n}",
        "policy p {\n    timeout { total 1s }\n    retry   x { attempts 2 }\n    breaker {\n        probes 1\n    }\n}\n",
    );
}

#[test]
fn two_words_can_be_a_key() {
    check(
        "intercept {\nports 80, 443\nexcept ports 5432\nexcept cidrs \"::/0\"\n}",
        "intercept {\n    ports        80, 443\n    except ports 5432\n    except cidrs \"::/0\"\n}\n",
    );
    check(
        "route r {\nmatch GET /x\nheaders response { set \"x-a\" upstream.name }\n}",
        "route r {\n    match GET /x\n    headers response { set \"x-a\" upstream.name }\n}\n",
    );
}

#[test]
fn comments_and_broken_lines_are_kept() {
    check(
        "# top\n##   doc\nretry x { # why\n# inside\non 429,   # busy\n503\nattempts 3   # three\n}   # end\n",
        "# top\n##   doc\nretry x { # why\n    # inside\n    on       429,  # busy\n             503\n    attempts 3  # three\n}  # end\n",
    );
}

#[test]
fn literals_keep_their_spelling() {
    check(
        "x 10_000 0.10% /a/{b}   GET | POST header( \"x\" ) \"\\u{41}\"\r\n",
        "x 10_000 0.10% /a/{b} GET|POST header(\"x\") \"\\u{41}\"\n",
    );
    check(
        "given a replies 503 {header \"retry-after\" \"1\"},200 after 1s {}",
        "given a replies 503 { header \"retry-after\" \"1\" }, 200 after 1s {}\n",
    );
}

#[test]
fn a_comma_at_the_end_is_kept() {
    check("expect a.b == ,", "expect a.b ==,\n");
    check("on 429, # busy\n", "on 429,  # busy\n");
}

#[test]
fn what_cannot_be_read_is_not_touched() {
    assert!(format("a.amb", "upstream a {").is_err());
    assert!(format("a.amb", "timeout 0.5s").is_err());
}

/// Pieces that are likely to meet in a policy.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just(";".to_owned()),
        Just(",".to_owned()),
        Just(", # c\n".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("# c".to_owned()),
        Just("## d\n".to_owned()),
        Just("retry".to_owned()),
        Just("expect a.b == ".to_owned()),
        Just("headers request".to_owned()),
        Just("except ports".to_owned()),
        Just("\"s \\\" x\"".to_owned()),
        Just("GET|PUT".to_owned()),
        Just("header(\"x\")".to_owned()),
        Just("/a/{b}".to_owned()),
        Just("5xx".to_owned()),
        Just("1s..2m".to_owned()),
        Just("==".to_owned()),
        "[ -~äß\n]{0,6}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_and_formatted_without_panic(text in "\\PC{0,80}") {
        drop(format("a.amb", &text));
    }

    #[test]
    fn formatting_twice_changes_nothing(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        if let Ok(once) = format("a.amb", &text) {
            let twice = format("a.amb", &once);
            prop_assert_eq!(twice.as_ref(), Ok(&once), "from {:?}", text);
        }
    }
}

#[test]
fn a_byte_order_mark_is_left_away() {
    let text = "# A comment.\nedition 2026\n\nservice web\n\notherwise pass\n";
    let marked = format!("\u{FEFF}{text}");
    assert_eq!(format("web.amb", &marked), Ok(text.to_owned()));
    let loader = amb_policy_lang::MemoryLoader::new([("web.amb", marked.as_str())]);
    assert_eq!(amb_policy_lang::compile("web.amb", &loader).diagnostics, []);
    let twice = format!("\u{FEFF}{marked}");
    assert!(format("web.amb", &twice).is_err(), "one elsewhere shows nothing");
}
