//! What a binary says about itself: one JSON document inside it.
//!
//! It begins with a marker and its own length. So it can be found among the bytes of an executable,
//! which need not run:
//!
//! ```text
//! {"amb-policy":1,"length":      4711,"amb":"0.1.0","service":"order",…}⏎
//! ```
//!
//! `length` counts every byte, the last line break included, right-aligned in ten columns. The
//! document names the version, the service, the hash of the generated code, every input with its
//! hash and text, and the plan. No times, no absolute paths.

use std::fmt::Write;

use amb_policy_lang::plan::Plan;
use amb_policy_lang::summary;
use sha2::{Digest, Sha256};

use crate::version::VERSION;

/// How every embedded document begins.
pub const MARKER: &str = "{\"amb-policy\":1,\"length\":";

const LENGTH_WIDTH: usize = 10;

/// The document for a plan and the code generated from it.
pub(crate) fn policy_json(plan: &Plan, proxy_rs: &str) -> String {
    let inputs: Vec<String> = plan
        .sources
        .iter()
        .map(|source| {
            let (name, text) = (string(&source.name), string(&source.text));
            let sha256 = sha256(source.text.as_bytes());
            format!("{{\"name\":{name},\"sha256\":\"{sha256}\",\"text\":{text}}}")
        })
        .collect();
    let rest = format!(
        ",\"amb\":{},\"service\":{},\"generated-sha256\":\"{}\",\"inputs\":[{}],\"plan\":{}}}\n",
        string(VERSION),
        string(&plan.service.name),
        sha256(proxy_rs.as_bytes()),
        inputs.join(","),
        string(&summary::text(plan)),
    );
    let length = MARKER.len() + LENGTH_WIDTH + rest.len();
    format!("{MARKER}{length:>LENGTH_WIDTH$}{rest}")
}

/// The document inside a binary, without running it.
pub fn find(binary: &[u8]) -> Option<&str> {
    let marker = MARKER.as_bytes();
    let starts = binary.windows(marker.len()).enumerate().filter(|(_, window)| *window == marker);
    starts.into_iter().find_map(|(start, _)| document(binary.get(start..)?))
}

/// The document that begins here; none if it only looks like one (the marker itself is in every
/// program that can look for it).
fn document(bytes: &[u8]) -> Option<&str> {
    let length = bytes.get(MARKER.len()..MARKER.len() + LENGTH_WIDTH)?;
    let length: usize = std::str::from_utf8(length).ok()?.trim_start().parse().ok()?;
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
    serde_json::from_str::<serde_json::Value>(text).ok()?;
    Some(text)
}

/// In lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        let written = write!(text, "{byte:02x}");
        debug_assert!(written.is_ok(), "a String takes everything");
        text
    })
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use amb_policy_lang::{MemoryLoader, compile};

    use super::*;

    const POLICY: &str = "edition 2026\n\nservice order\n\n# \"quoted\", ünïcode\notherwise pass\n";

    fn document() -> String {
        let loader = MemoryLoader::new([("order.amb", POLICY)]);
        let plan = compile("order.amb", &loader).plan.unwrap();
        crate::generate::generate(&plan).policy_json
    }

    #[test]
    fn it_says_how_long_it_is() {
        let document = document();
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(value["length"], document.len());
        assert_eq!(value["inputs"][0]["text"], POLICY);
        assert_eq!(value["inputs"][0]["sha256"], sha256(POLICY.as_bytes()));
    }

    #[test]
    fn it_is_found_between_other_bytes() {
        let document = document();
        let cut = &document[..document.len() / 2];
        let binary = [
            b"\x7fELF\xff",
            MARKER.as_bytes(),
            cut.as_bytes(),
            b"\0",
            document.as_bytes(),
            b"\xff\0",
        ];
        assert_eq!(find(&binary.concat()), Some(document.as_str()));
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for binary in ["", MARKER, "{\"amb-policy\":1,\"length\":        30,\"a\":1}"] {
            assert_eq!(find(binary.as_bytes()), None, "{binary}");
        }
    }

    #[test]
    fn hashes_are_hexadecimal() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }
}
