//! The retry budget of one upstream: calls and retries of the last ten seconds.

use std::collections::BTreeMap;

use super::Millis;
use crate::plan;

const SLOT: Millis = 1_000;
/// This slot and the nine before.
const SLOTS: u64 = 10;

#[derive(Default)]
pub(super) struct Budget {
    calls: BTreeMap<u64, u64>,
    retries: BTreeMap<u64, u64>,
}

impl Budget {
    pub(super) fn call(&mut self, now: Millis) {
        *self.calls.entry(now / SLOT).or_default() += 1;
    }

    /// Takes `cost` tokens if the policy allows it.
    pub(super) fn withdraw(&mut self, policy: &plan::Budget, cost: u64, now: Millis) -> bool {
        let earned = u128::from(policy.ratio.parts_per_million()) * sum(&self.calls, now);
        let floor = floor_of_window(policy) * 1_000_000;
        let granted = (sum(&self.retries, now) + u128::from(cost)) * 1_000_000 <= earned + floor;
        if granted {
            *self.retries.entry(now / SLOT).or_default() += cost;
        }
        granted
    }

    /// Gives back what was withdrawn at the same moment.
    pub(super) fn refund(&mut self, cost: u64, now: Millis) {
        let slot = self.retries.entry(now / SLOT).or_default();
        *slot = slot.saturating_sub(cost);
    }
}

/// `min 1/s` is ten in the window.
fn floor_of_window(policy: &plan::Budget) -> u128 {
    let per = u128::from(super::millis(policy.floor.per)).max(1);
    u128::from(policy.floor.count) * u128::from(SLOT * SLOTS) / per
}

fn sum(slots: &BTreeMap<u64, u64>, now: Millis) -> u128 {
    let last = now / SLOT;
    let first = (last + 1).saturating_sub(SLOTS);
    slots.range(first..=last).map(|(_, count)| u128::from(*count)).sum()
}
