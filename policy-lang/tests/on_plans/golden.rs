//! What the order plan looks like, as reviewed: its summary, as text and as JSON, and explanations.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;

use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile, summary};

use crate::explain::explained;
use crate::plans::order;

/// Every text by the name of its snapshot.
fn texts() -> Vec<(String, String)> {
    let charge = "POST http://payment.shop.svc:8080/v1/charges";
    let notify = "POST http://notification.shop.svc/v1/notifications";
    let mut texts = vec![
        ("order.plan".to_owned(), summary::text(&order())),
        ("layers.reviewed".to_owned(), summary::reviewed(&layers())),
        ("charge.explain".to_owned(), explained(charge, &["idempotency-key:1"])),
        ("charge-unkeyed.explain".to_owned(), explained(charge, &[])),
        ("notify.explain".to_owned(), explained(notify, &[])),
    ];
    texts.extend(pieces(&summary::json(&order())));
    texts
}

/// A policy with everything that reviewers see.
fn layers() -> Plan {
    let policy = "edition 2026\nimport \"acme.amb\" as acme\nservice web { baseline acme.acme }\n\
        defaults { timeout { per-try 1s }; trace off }\n\
        retry eager extends acme.calm { on 503 }\n\
        upstream a {\n address \"a.svc:80\"\n hosts \"a\"\n retry eager { buffer 1KiB }\n \
        breaker { probes 2 }\n \
        route r { match GET /r; use acme.short; breaker { probes 3 }; fallback 202 }\n \
        route s { match any; respond 204; headers response { set \"x-a\" \"b\" } }\n}\n\
        upstream b { address \"b.svc:81\"; protocol grpc; retry off; breaker }\n\
        otherwise reject\n";
    let acme = "edition 2026\nbaseline acme {\n defaults { timeout 5s; trace; retry calm }\n \
        require timeout.total <= 10s\n}\nretry calm { attempts 2 }\n\
        policy short { timeout 2s }\npolicy unused { timeout 3s }\n";
    let outcome = compile("web.amb", &MemoryLoader::new([("web.amb", policy), ("acme.amb", acme)]));
    assert_eq!(outcome.diagnostics, []);
    outcome.plan.unwrap()
}

/// A plan as JSON, cut before each upstream and each route, so that every piece can be read.
fn pieces(json: &str) -> Vec<(String, String)> {
    let mut pieces = vec![("order.json".to_owned(), String::new())];
    for line in json.split_inclusive('\n') {
        let name = line.trim().strip_prefix("\"name\": \"");
        if let Some(name) = name.and_then(|rest| rest.strip_suffix("\",")) {
            pieces.push((format!("{name}.json"), String::new()));
        }
        pieces.last_mut().unwrap().1 += line;
    }
    pieces
}

#[test]
fn texts_are_as_reviewed() {
    let differs = |(name, text): &(String, String)| {
        let compared = catch_unwind(|| {
            insta::with_settings!({
                snapshot_path => "../golden", prepend_module_to_snapshot => false, omit_expression => true,
            }, {
                insta::assert_snapshot!(name.as_str(), text);
            });
        });
        compared.is_err()
    };
    let texts = texts().into_iter();
    let changed: Vec<_> = texts.filter(differs).map(|(name, _)| name).collect();
    assert!(changed.is_empty(), "not as reviewed: {changed:?}");
}

#[test]
fn every_snapshot_has_a_text() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let files = files.map(|file| file.into_string().unwrap());
    let snapshots: BTreeSet<_> = files.filter(|file| file.ends_with(".snap")).collect();
    let texts: BTreeSet<_> = texts().iter().map(|(name, _)| format!("{name}.snap")).collect();
    let orphans: Vec<_> = snapshots.difference(&texts).collect();
    assert!(orphans.is_empty(), "without a text: {orphans:?}");
}
