//! One call, from its head to the end of its answer.

use crate::buffer::Block;
use crate::call::{
    Asker, Call, Caller, Delivered, Opening, Outcome, Request, Then, deliver, reply,
};
use crate::clock::Moment;
use crate::failure::{Failure, Kind, ProxyError};
use crate::message::Method;
use crate::net::{Dialled, Target};
use crate::observe::event::Event;
use crate::observe::report::{self, Ending, Report, Source};
use crate::proxy::Proxy;
use crate::spec::Inbound;
use crate::timer::Timer;
use crate::worker::{Net, Worker};

/// A call that has ended.
pub(crate) struct Carried {
    /// What came behind its request.
    pub(crate) block: Box<Block>,
    pub(crate) then: Then,
    /// When it ended.
    pub(crate) now: Moment,
}

/// Carries a call through its route's pipeline and reports it.
pub(crate) async fn carry<P: Proxy, N: Net>(
    worker: &Worker<N>,
    (caller, timer): (Caller<'_, N>, &Timer),
    mut request: Request,
    (inbound, route): (Inbound, P::Route),
) -> Carried {
    let index = P::index(route);
    worker.net.record(Event::Routed(index));
    let mut out = worker.blocks.take_outgoing();
    let messages = (&mut request, &mut *out);
    let mut call = Call::new(worker, (caller, timer), messages, inbound, index);
    let outcome = match call.head().method() {
        Method::Connect => connect::<P, N>(route, &mut call).await,
        _ => P::call(route, &mut call).await,
    };
    let (status, source, delivered) = finish(&mut call, outcome).await;
    let report = Report {
        route: index,
        status,
        grpc: delivered.grpc,
        source,
        tries: call.tries,
        refusal: call.refusal,
        error: delivered.error.or(call.failure.map(|failure| failure.error())),
        duration: call.now - call.started,
        received: call.request.received,
        sent: delivered.sent,
        counted: delivered.then == Then::Close,
        caller: report::Caller {
            request: call.head(),
            correlation_id: call.request.id(),
            trace_id: call.trace.as_ref().map_or(&[], |trace| &trace.trace_id),
        },
    };
    worker.report(&report);
    let now = call.now;
    worker.blocks.give_outgoing(out);
    Carried { block: request.end(worker), then: delivered.then, now }
}

/// Gives the caller what the pipeline came back with.
async fn finish<N: Net>(call: &mut Call<'_, N>, outcome: Outcome<N>) -> (u16, Source, Delivered) {
    let response = match outcome {
        Ok(response) => response,
        Err(failure) if failure.has_answer() => call.local(failure),
        Err(failure) => {
            let error = Some(failure.error());
            let then = Then::Linger;
            let gone = Delivered { then, sent: 0, error, grpc: None, ended: false };
            return (failure.status(), Source::None, gone);
        }
    };
    let (status, source) = (response.status(), response.source);
    let delivered = deliver(call, response).await;
    match delivered.error {
        // Whatever the answer was: the caller has left before its end. A tunnel is one to that end.
        Some(ProxyError::ClientClosed) if delivered.then != Then::Close => {
            (Failure::unsent(Kind::Cancelled).status(), source, delivered)
        }
        _ if delivered.ended => (status, Source::Proxy, delivered),
        _ => (status, source, delivered),
    }
}

/// `CONNECT`: the answer is that there is a tunnel now.
pub(crate) async fn connect<P: Proxy, N: Net>(
    route: P::Route,
    call: &mut Call<'_, N>,
) -> Outcome<N> {
    let host = String::from_utf8_lossy(call.head().host()).into_owned();
    // Without a port the request would have been refused.
    let port = call.request.parts.port.unwrap_or_default();
    let dialled = Dialled::new(&host, port);
    let destination = Some(Target::Name(&dialled));
    let asker = Asker::Call(call.request, call.caller.lend());
    let mut opening = Opening::new((call.worker, call.timer), destination, asker);
    let opened = P::tunnel(route, &mut opening).await;
    let Opening { tries, idle, place, .. } = opening;
    (call.tries, call.limits.idle, call.place) = (tries, idle, place);
    match opened {
        Ok(io) => Ok(reply::of_tunnel(call.worker, io)),
        Err(failure) => {
            call.worker.recorder().tunnel(call.route, Ending::of(failure));
            Err(failure)
        }
    }
}
