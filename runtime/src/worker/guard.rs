//! Breakers, as whoever tries an upstream meets them: leave before a try, a verdict behind it.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Net, Worker};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::grpc::Grpc;
use crate::observe::event::Event;
use crate::policy::Cause;
use crate::spec::BreakerId;
use crate::state::breaker::{Permit, Spec, Transition, Verdict};

/// A breaker's leave to try.
#[must_use = "a permit is handed back with a verdict"]
pub(crate) struct Leave {
    breaker: BreakerId,
    permit: Permit,
}

impl Leave {
    /// So much of the try's time was not the upstream's.
    pub(crate) fn excuse(&mut self, time: Duration) {
        self.permit.excuse(time);
    }
}

impl<N: Net> Worker<N> {
    /// Asks for leave; `None` where nobody is to be asked.
    ///
    /// # Errors
    /// [`Kind::BreakerOpen`].
    pub(crate) fn admit(
        &self,
        breaker: BreakerId,
        spec: &Spec,
        now: Moment,
    ) -> Result<Option<Leave>, Failure> {
        let Some(state) = self.shared.breaker(breaker) else { return Ok(None) };
        match state.admit(spec, now) {
            Ok((permit, transition)) => {
                self.note(breaker, transition);
                Ok(Some(Leave { breaker, permit }))
            }
            Err(refused) => {
                let (breaker, retry_in) = (self.breaker_name(breaker), refused.retry_in);
                Err(Failure::unsent(Kind::BreakerOpen { breaker, retry_in }))
            }
        }
    }

    /// Tells the breaker how the try that it gave leave to has ended.
    pub(crate) fn settle(&self, leave: Option<Leave>, spec: &Spec, verdict: Verdict, now: Moment) {
        let Some(Leave { breaker, permit }) = leave else { return };
        let Some(state) = self.shared.breaker(breaker) else { return };
        let draw = || self.random().jitter();
        self.note(breaker, state.record(spec, permit, verdict, now, draw));
    }

    fn note(&self, breaker: BreakerId, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.recorder().transition(breaker, &transition);
            if let Some(notices) = self.notices {
                notices.say(format_args!("{}", Change(self.breaker_name(breaker), transition)));
            }
            self.net.record(Event::Breaker(breaker, transition));
        }
    }
}

/// A breaker's change of state, for its operator.
struct Change(&'static str, Transition);

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(name, transition) = self;
        match transition {
            Transition::Opened { for_ } => {
                write!(f, "breaker {name}: open for {} ms", for_.as_millis())
            }
            Transition::HalfOpened => write!(f, "breaker {name}: half-open"),
            Transition::Closed => write!(f, "breaker {name}: closed"),
        }
    }
}

/// What a try says about its upstream's health; `cause` is none where none was made, or where the caller
/// ended it.
pub(crate) fn judge(cause: Option<Cause>, counts: impl Fn(Cause) -> bool) -> Verdict {
    match cause {
        None => Verdict::Cancelled,
        Some(cause) if counts(cause) => Verdict::Failure,
        Some(Cause::Status(429) | Cause::Grpc(Grpc::ResourceExhausted)) => Verdict::Throttled,
        Some(_) => Verdict::Success,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_by_name() {
        let opened = Transition::Opened { for_: Duration::from_secs(30) };
        for (transition, said) in [
            (opened, "breaker payment: open for 30000 ms"),
            (Transition::HalfOpened, "breaker payment: half-open"),
            (Transition::Closed, "breaker payment: closed"),
        ] {
            assert_eq!(Change("payment", transition).to_string(), said);
        }
    }
}
