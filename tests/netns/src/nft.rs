//! What the kernel has, as `nft` tells it.

use std::process::{Command, Output};

use serde_json::Value;

/// Every table, set, chain and rule, without the numbers that the kernel gives out.
pub fn ruleset() -> Vec<Value> {
    let listed = run(&["-j", "list", "ruleset"]);
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let mut all = listed["nftables"].as_array().unwrap().clone();
    all.retain(|entry| entry.get("metainfo").is_none());
    all.iter_mut().for_each(normalise);
    all
}

/// How many rules there are.
pub fn rules() -> usize {
    ruleset().iter().filter(|entry| entry.get("rule").is_some()).count()
}

/// Loads rules from text.
pub fn load(text: &str) {
    let file = std::env::temp_dir().join(format!("amb-{}.nft", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let done = run(&["-f", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

pub fn run(arguments: &[&str]) -> Output {
    Command::new("nft").args(arguments).output().unwrap()
}

fn normalise(entry: &mut Value) {
    for kind in entry.as_object_mut().unwrap().values_mut().filter_map(Value::as_object_mut) {
        for given in ["handle", "flags", "comment"] {
            if given != "flags" || kind.get("type").is_none() {
                kind.remove(given);
            }
        }
        // A set of numbers has no order.
        if let Some(Value::Array(elements)) = kind.get_mut("elem") {
            elements.sort_by_key(Value::to_string);
        }
    }
}
