//! A request that met the end of a kept connection: is it sent again within its try?

use super::Call;
use crate::failure::Stage;
use crate::message::RequestHead;
use crate::state::budget;
use crate::worker::Net;

/// What the `retry` in force says about it.
#[derive(Debug)]
pub(crate) struct Again {
    /// Tries of the call, the first included.
    pub(crate) most: u32,
    /// May the upstream act on it twice?
    pub(crate) repeatable: fn(&RequestHead<'_>) -> bool,
    pub(crate) budget: budget::Spec,
}

impl<N: Net> Call<'_, N> {
    /// Sends it again, if that is allowed. What nobody has seen goes out freely; what was written is
    /// another request, and counts as one: of the attempts and of the budget, or a safe one, once
    /// (RFC 9110 §9.2.1).
    pub(super) fn goes_again(&mut self, stage: Stage) -> bool {
        if stage == Stage::Unsent || !self.request.replayable(stage) {
            return self.request.replayable(stage);
        }
        let allowed = match self.again {
            None => self.head().method().is_safe(),
            Some(Again { most, repeatable, budget }) => {
                self.tries < *most
                    && repeatable(&self.head())
                    && self.budget().is_none_or(|spent| spent.withdraw(budget, 1, self.now))
            }
        };
        self.tries += u32::from(allowed);
        allowed
    }
}
