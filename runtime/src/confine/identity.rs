//! Who the process is, and what the kernel lets it do beyond that.
//!
//! The system calls here change one thread, which is all there is; the C library's would change all.

use rustix::io::Errno;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};

use super::ConfineError;

/// What it takes to become another user.
const TO_CHANGE: CapabilitySet = CapabilitySet::SETUID.union(CapabilitySet::SETGID);

/// What a start makes use of, if it is there.
const TO_START: CapabilitySet =
    CapabilitySet::NET_ADMIN.union(CapabilitySet::SETPCAP).union(TO_CHANGE);

/// A file capability may be permitted without being effective: the binary then starts, too, where
/// it is not granted.
pub(crate) fn raise() {
    if let Ok(mut sets) = capabilities(None) {
        sets.effective |= sets.permitted & TO_START;
        // Whether they are there shows when they are used.
        let _ = set_capabilities(None, sets);
    }
}

pub(super) fn may_change() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(TO_CHANGE))
}

/// Becomes the user, if there is one, and keeps no capability.
pub(super) fn change(user: Option<u32>) -> Result<(), ConfineError> {
    // While we still may. Who may not loses nothing: without new privileges this set has no effect.
    empty_bounding_set();
    if let Some(user) = user {
        become_user(user).map_err(ConfineError::kernel("become the policy's user"))?;
    }
    drop_capabilities().map_err(ConfineError::kernel("drop its capabilities"))
}

/// The group has the user's number: it exists nowhere else, and grants nothing.
fn become_user(user: u32) -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    if geteuid() != uid {
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
    }
    set_thread_res_uid(uid, uid, uid)
}

fn empty_bounding_set() {
    for capability in (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit)) {
        // Unknown to this kernel, or not ours to drop: so are all that follow.
        if remove_capability_from_bounding_set(capability).is_err() {
            return;
        }
    }
}

fn drop_capabilities() -> Result<(), Errno> {
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    match clear_ambient_capability_set() {
        // Older than Linux 4.3: there is no such set.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error),
    }
}
