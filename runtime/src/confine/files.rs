//! No file is opened any more, but for those that tell addresses; nothing is written or executed.
//!
//! With landlock the kernel holds us to it, as far as its version goes. Later versions also refuse
//! new listeners, and signals to other processes.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, Scope, path_beneath_rules,
};

/// These are read again when they have changed.
const NAMES: [&str; 2] = ["/etc/hosts", "/etc/resolv.conf"];

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
    let readable = if names { readable(&NAMES) } else { Vec::new() };
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::ReadFile))?
        .restrict_self()?;
    Ok(status.landlock)
}

/// What files can be read by. Their folder counts, since editors put a new file in a file's place. So does the
/// one that a link leads to, unless it is one of the root's: `/run` has more than name servers in it.
fn readable(files: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    let mut readable = Vec::new();
    for file in files.iter().map(AsRef::as_ref) {
        readable.extend(file.parent().map(Path::to_owned));
        let Ok(target) = file.canonicalize() else { continue };
        let folder = target.parent().filter(|folder| folder.components().count() > 2);
        readable.extend(folder.map(Path::to_owned));
        readable.push(target);
    }
    readable.sort_unstable();
    readable.dedup();
    readable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_a_link_leads_to_can_be_read() {
        let folder = std::env::temp_dir().join(format!("amb-files-{}", std::process::id()));
        let folder = (folder.clone(), folder.join("run"), folder.join("etc"));
        std::fs::create_dir_all(&folder.1).unwrap();
        std::fs::create_dir_all(&folder.2).unwrap();
        let (target, link) = (folder.1.join("stub"), folder.2.join("resolv.conf"));
        std::fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert_eq!(readable(&[link]), [folder.2.clone(), folder.1.clone(), target]);
        assert_eq!(readable(&["/etc/none"]), [Path::new("/etc")]);
        std::fs::remove_dir_all(folder.0).unwrap();
    }
}
