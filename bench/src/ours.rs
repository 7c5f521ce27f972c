//! Our own proxies: made by `amb build`, as a user makes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::folder::{CHECKOUT, kept};
use crate::programs::{cargo, run};
use crate::protocol::Protocol;

/// The policy under measurement.
pub(crate) fn policy() -> PathBuf {
    Path::new(CHECKOUT).join("bench/policies/bench.amb")
}

/// Builds a policy's proxy.
pub(crate) fn build(policy: &Path, name: &str) -> PathBuf {
    let binary = kept().join("proxies").join(name);
    run(amb().arg("build").arg(policy).arg("-o").arg(&binary));
    binary
}

/// The policy under measurement, with other words in one place.
pub(crate) fn policy_with(from: &str, to: &str) -> String {
    let text = fs::read_to_string(policy()).expect("the policy can be read");
    assert!(text.contains(from), "the policy has no `{from}` any more");
    text.replace(from, to)
}

/// Builds the proxy of such a policy.
pub(crate) fn build_text(text: &str, name: &str) -> PathBuf {
    let path = kept().join(name).with_extension("amb");
    fs::write(&path, text).expect("a policy can be written");
    build(&path, name)
}

/// The same policy for an origin that speaks HTTP/2.
pub(crate) fn build_http2() {
    let [from, to] = [Protocol::Http1, Protocol::Http2]
        .map(|protocol| format!("address \"{}\"", protocol.origin()));
    build_text(&policy_with(&from, &format!("{to}\n    protocol http2")), "bench-http2");
}

/// Where that proxy is.
pub(crate) fn http2() -> PathBuf {
    kept().join("proxies/bench-http2")
}

/// The `amb` of this checkout.
pub(crate) fn amb() -> Command {
    static AMB: OnceLock<PathBuf> = OnceLock::new();
    Command::new(AMB.get_or_init(|| {
        run(cargo().args(["build", "--quiet", "--release", "-p", "amb"]));
        let target = std::env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty());
        let target = target.map_or_else(|| Path::new(CHECKOUT).join("target"), PathBuf::from);
        target.join("release/amb")
    }))
}
