//! One call of the application, on its way through a pipeline.

mod again;
mod attempt;
mod caller;
mod deliver;
mod exchange;
mod ids;
mod link;
mod opening;
pub(crate) mod reply;
mod request;
mod response;
mod stream;
mod upgrade;

pub(crate) use again::Again;
pub(crate) use attempt::{attempt, pass};
pub(crate) use caller::Caller;
pub(crate) use deliver::{Delivered, Then, deliver};
pub(crate) use ids::{TraceContext, uuid_v7};
pub(crate) use link::Link;
pub(crate) use opening::Asker;
pub use opening::Opening;
pub(crate) use request::Request;
pub(crate) use response::Response;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use self::attempt::Within;
use crate::buffer::Outgoing;
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::grpc::{self, Grpc, TimeLeft};
use crate::message::RequestHead;
use crate::observe::event::Event;
use crate::observe::report::Refusal;
use crate::policy::{Cause, Language, TimeoutPolicy as _};
use crate::spec::{Inbound, UpstreamId};
use crate::state::budget::Budget;
use crate::timer::Timer;
use crate::worker::{Net, Place, Worker};

/// What filters work on.
pub struct Call<'a, N: Net> {
    pub(crate) worker: &'a Worker<N>,
    pub(crate) caller: Caller<'a, N>,
    /// The one deadline that is waited for.
    pub(crate) timer: &'a Timer,
    pub(crate) request: &'a mut Request,
    /// What the caller has got.
    pub(crate) out: &'a mut Outgoing,
    pub(crate) inbound: Inbound,
    /// Index into the proxy's routes.
    pub(crate) route: usize,
    /// When the request head was complete.
    pub(crate) started: Moment,
    /// When it last went on after waiting: what it does then takes no time worth asking for.
    pub(crate) now: Moment,
    pub(crate) limits: Limits,
    /// What of it the caller has taken to send its request, while nobody else held that up.
    pub(crate) callers_time: Duration,
    /// The upstream of the try that is under way, or comes next; none where no upstream is tried.
    pub(crate) upstream: Option<UpstreamId>,
    /// Tries that the breaker and our own limits let begin, and what was sent again within them.
    pub(crate) tries: u32,
    /// None where no `retry` is in force.
    pub(crate) again: Option<&'static Again>,
    pub(crate) last_endpoint: Option<SocketAddr>,
    pub(crate) trace: Option<TraceContext>,
    /// Why the last failed try was the last.
    pub(crate) refusal: Option<Refusal>,
    /// The last failure that a try ended with.
    pub(crate) failure: Option<Failure>,
    /// Counts against the upstream's `limits` while the call lasts.
    pub(crate) place: Option<Place>,
}

/// The bounds of a call; `timeout` sets them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The end of the whole call.
    pub(crate) deadline: Moment,
    /// The caller asked for less time than the policy allows.
    pub(crate) hurried: bool,
    pub(crate) per_try: Option<Duration>,
    /// `per_try` bounds silence: what goes out makes it begin anew.
    pub(crate) streams: bool,
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
}

impl Limits {
    /// For calls that no policy bounds: `otherwise pass`.
    pub(crate) const NONE: Self = Self {
        deadline: Moment::NEVER,
        hurried: false,
        per_try: None,
        streams: false,
        connect: Language::CONNECT,
        idle: Language::IDLE,
    };
}

impl<'a, N: Net> Call<'a, N> {
    pub(crate) fn new(
        worker: &'a Worker<N>,
        (caller, timer): (Caller<'a, N>, &'a Timer),
        (request, out): (&'a mut Request, &'a mut Outgoing),
        inbound: Inbound,
        route: usize,
    ) -> Self {
        let now = worker.clock().now();
        Self {
            worker,
            caller,
            timer,
            request,
            out,
            inbound,
            route,
            started: now,
            now,
            limits: Limits::NONE,
            callers_time: Duration::ZERO,
            upstream: None,
            tries: 0,
            again: None,
            last_endpoint: None,
            trace: None,
            refusal: None,
            failure: None,
            place: None,
        }
    }

    pub(crate) fn head(&self) -> RequestHead<'_> {
        self.request.head()
    }

    /// Rewrites the caller's `grpc-timeout`: its time has run while we waited, and ends no later than
    /// our own.
    pub(crate) fn say_time_left(&mut self) {
        if let Some(asked) = grpc::timeout(self.head()) {
            let end = (self.started + asked).min(self.limits.deadline);
            let left = TimeLeft::of(end - self.now);
            self.request.edit().set("grpc-timeout", left.as_bytes());
        }
    }

    /// Did the caller tell the upstream of less time than the policy allows?
    fn is_hurried(&self) -> bool {
        let Limits { deadline, hurried, .. } = self.limits;
        let shorter = |asked| deadline == Moment::NEVER || self.started + asked < deadline;
        hurried || grpc::timeout(self.head()).is_some_and(shorter)
    }

    /// The retry budget of the upstream that is tried.
    pub(crate) fn budget(&self) -> Option<&'a Budget> {
        let worker = self.worker;
        self.upstream.and_then(|id| worker.shared.budget(id))
    }

    /// The time of a try that begins now.
    fn within(&self) -> Within {
        let per_try = self.limits.per_try.map_or(Moment::NEVER, |per_try| self.now + per_try);
        Within { begun: self.now, end: per_try.min(self.limits.deadline) }
    }

    /// What it is called when a try is not done by `end`.
    pub(super) fn late(&self, end: Moment) -> Kind {
        let total = self.limits.deadline - self.started;
        match end == self.limits.deadline {
            true if self.limits.hurried || self.callers_time * 2 > total => Kind::OutOfTime,
            true => Kind::TotalTimeout,
            false => Kind::TryTimeout,
        }
    }

    /// The answer that a failure without one gets.
    pub(crate) fn local(&mut self, failure: Failure) -> Response<N> {
        self.failure = Some(failure);
        reply::of_failure(self.worker, self.head(), failure)
    }

    /// To be called after every wait.
    pub(crate) fn went_on(&mut self) {
        self.now = self.worker.clock().now();
    }

    /// Waits; ends early if the caller leaves.
    pub(crate) async fn wait(&mut self, wait: Duration) -> Result<(), Failure> {
        self.worker.net.record(Event::Waits(wait));
        self.timer.set(self.now + wait);
        let waited = poll_fn(|cx| {
            if self.request.poll_gone(&mut self.caller, self.worker, cx).is_ready() {
                return Poll::Ready(Err(Failure::unsent(Kind::Cancelled)));
            }
            self.timer.poll_due(cx).map(Ok)
        })
        .await;
        self.went_on();
        waited
    }
}

/// How a call ended: with an answer for the caller, or without one.
pub type Outcome<N> = Result<Response<N>, Failure>;

/// What of that says something about the upstream.
pub(crate) fn blame<N: Net>(call: &Call<'_, N>, outcome: &Outcome<N>) -> Option<Cause> {
    match outcome {
        // By the caller's own deadline.
        Ok(response) if response.grpc == Some(Grpc::DeadlineExceeded) && call.is_hurried() => None,
        Ok(response) => Some(response.cause()),
        Err(failure) => failure.blame(),
    }
}

/// What a try came to, as policies name it; `None` if no try was made, or the caller ended it.
pub(crate) fn cause<N: Net>(outcome: &Outcome<N>) -> Option<Cause> {
    match outcome {
        Ok(response) => Some(response.cause()),
        Err(failure) => failure.cause(),
    }
}
