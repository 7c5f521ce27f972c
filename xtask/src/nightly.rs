//! The searches that are too long for every change: random policies, edits and calls, each night others.

use std::time::SystemTime;

use crate::shell::{Failed, Step};

/// Package and suite.
const SEARCHES: [(&str, &str); 1] = [("amb-policy-lang", "weakening")];

/// Without a seed the clock gives one. The same seed finds the same again.
pub(crate) fn run(seed: Option<&str>) -> Result<(), Failed> {
    let now = || SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let seed = seed.map_or_else(|| now().to_string(), str::to_owned);
    for (package, suite) in SEARCHES {
        Step::cargo(["test", "--release", "-p", package, "--test", suite, "--", "--nocapture"])
            .envs([("AMB_NIGHT", seed.as_str())])
            .run()?;
    }
    Ok(())
}
