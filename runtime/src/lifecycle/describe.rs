//! What a binary says about the policy inside it.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::exit::Exit;
use crate::spec::{Spec, embedded};

/// The plan, and which code carries it out.
pub(super) fn text<P: Spec>() -> String {
    let mut text = version::<P>();
    if let Some(hash) = embedded::field(P::POLICY, "generated-sha256") {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "generated code sha256:{hash}");
    }
    if let Some(plan) = embedded::field(P::POLICY, "plan") {
        let _ = write!(text, "\n{plan}");
    }
    text
}

pub(super) fn version<P: Spec>() -> String {
    format!("{} ambassador, amb {}\n", P::SERVICE, env!("CARGO_PKG_VERSION"))
}

/// Writes to standard output. A reader that has seen enough is no error.
pub(super) fn print(text: &[u8]) -> Result<(), Exit> {
    let mut output = std::io::stdout();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Exit::Os),
        _ => Ok(()),
    }
}
