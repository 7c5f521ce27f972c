//! All policies, on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{available_parallelism, scope};

use crate::{POLICIES, Policy};

/// Does this for all policies, on all cores.
///
/// # Panics
/// With all that is wrong.
pub fn for_all(work: impl Fn(&Policy) -> Result<(), String> + Sync) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(policy) = POLICIES.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.lock().unwrap().extend(work(policy).err());
        }
    };
    scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
