//! No file is opened any more, but for those that tell addresses; nothing is written or executed.
//!
//! With landlock the kernel holds us to it, as far as its version goes. Later versions also refuse
//! new listeners, and signals to other processes.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};

/// `/etc/hosts` is read again at each look-up. The folder counts, since editors put a new file in
/// its place; and the file, since it may be a link to somewhere else.
const NAMES: [&str; 2] = ["/etc", "/etc/hosts"];

/// What is asked for; kernels that know less do less.
const VERSION: ABI = ABI::V6;

/// The version in force.
pub(super) fn restrict(names: bool) -> Result<String, String> {
    match restricted(names).map_err(|error| error.to_string())? {
        LandlockStatus::Available { effective_abi, .. } => Ok(effective_abi.to_string()),
        LandlockStatus::NotEnabled => Err("not enabled in this kernel".to_owned()),
        LandlockStatus::NotImplemented => Err("this kernel has none".to_owned()),
    }
}

fn restricted(names: bool) -> Result<LandlockStatus, RulesetError> {
    let readable = if names { NAMES.as_slice() } else { &[] };
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::ReadFile))?
        .restrict_self()?;
    Ok(status.landlock)
}
