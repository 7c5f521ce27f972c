//! The middle of a try: the request goes out, and a response head comes in.
//!
//! Both directions make progress in one poll, for an upstream may answer before it has read the
//! whole body, and a caller may wait for `100 Continue` before it sends one.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::link::{End, Link};
use super::request::Upload;
use super::response::Response;
use super::{Call, Caller, Outcome};
use crate::buffer::{Block, Decoder, Framing, Keep, after_reads, poll_drain, poll_fill};
use crate::clock::Moment;
use crate::failure::{Failure, Kind};
use crate::message::{Field, HEAD_LIMIT, Method, ResponseParts};
use crate::wire::http1::parse::Complete;
use crate::wire::http1::{parse, write};
use crate::wire::http2::head;
use crate::worker::Net;

/// How long the upstream may think about `expect: 100-continue` before the body is sent anyway
/// (RFC 9110 §10.1.1); half of the try's time at most, so that there is some left for it.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);
/// As long as a block has that much room, a body that is there already is read with its head.
const EARLY: usize = 1024;
/// Interim responses that one try may bring.
const INTERIM_LIMIT: u32 = 16;

/// A request under way on a connection.
pub(crate) struct Exchange<N: Net> {
    link: Link<N>,
    /// For the response.
    block: Box<Block>,
    parts: ResponseParts,
    /// The connection carried another request before.
    reused: bool,
    /// The response head must be there by then.
    end: Moment,
    /// Since when the caller is waited for: its request is not complete, and all that came has gone out.
    awaited: Option<Moment>,
    /// Body bytes that had gone out when that was set.
    passed: u64,
    interims: u32,
}

impl<N: Net> Exchange<N> {
    pub(crate) fn new(link: Link<N>, reused: bool, end: Moment, call: &Call<'_, N>) -> Self {
        let (block, parts) = (call.worker.blocks.take(), ResponseParts::default());
        Self { link, block, parts, reused, end, awaited: None, passed: 0, interims: 0 }
    }

    pub(crate) async fn run(mut self, call: &mut Call<'_, N>) -> Outcome<N> {
        let patience = match call.request.continued {
            true => self.end,
            false => call.now + CONTINUE_WAIT.min((self.end - call.now) / 2),
        };
        call.timer.set(patience);
        if matches!(self.link.end, End::Http1 { .. }) {
            after_reads().await;
        }
        let head = poll_fn(|cx| self.poll(call, cx)).await;
        call.went_on();
        if let Some(since) = self.awaited {
            call.callers_time += call.now - since;
        }
        match head {
            Ok(complete) => Ok(self.respond(call, complete)),
            Err(failure) => {
                self.give_back(call);
                Err(failure)
            }
        }
    }

    fn give_back(self, call: &Call<'_, N>) {
        call.worker.blocks.give(self.block);
        drop(self.link.into_end(call.worker));
    }

    fn poll(
        &mut self,
        call: &mut Call<'_, N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Complete, Failure>> {
        loop {
            let continued = call.request.continued;
            self.poll_upload(call, cx)?;
            if call.request.is_awaited(&self.link.out) != self.awaited.is_some() {
                self.pass_time(call);
            }
            if call.limits.streams || self.is_endless(call) {
                self.hear_upload(call);
            }
            if let Poll::Ready(head) = self.poll_response(call, cx) {
                return Poll::Ready(head);
            }
            self.poll_interim(call, cx)?;
            if call.request.continued != continued {
                continue;
            }
            if call.request.poll_gone(&mut call.caller, call.worker, cx).is_ready() {
                return Poll::Ready(Err(self.failure(Kind::Cancelled)));
            }
            ready!(call.timer.poll_due(cx));
            if self.awaited.is_some() {
                return Poll::Ready(Err(self.failure(Kind::SlowCaller)));
            }
            if call.worker.clock().now() >= self.end {
                return Poll::Ready(Err(self.failure(call.late(self.end))));
            }
            // The upstream says nothing about the expectation: the body is sent all the same.
            call.timer.set(self.end);
            self.say_continue(call);
        }
    }

    /// Time goes over to the caller, or back: what the caller takes is not the try's.
    fn pass_time(&mut self, call: &mut Call<'_, N>) {
        let (now, deadline) = (call.worker.clock().now(), call.limits.deadline);
        match self.awaited.take() {
            None => self.awaited = Some(now),
            Some(since) => {
                call.callers_time += now - since;
                self.end = (self.end + (now - since)).min(deadline);
            }
        }
        if !call.limits.streams {
            let patience =
                if deadline == Moment::NEVER { now + call.limits.idle } else { deadline };
            call.timer.set(if self.awaited.is_some() { patience } else { self.end });
        }
    }

    /// Of a stream, and of a caller whom `total` does not bound, only silence comes to an end.
    fn hear_upload(&mut self, call: &Call<'_, N>) {
        let passed = self.link.out.passed;
        if passed != self.passed {
            let silent = call.worker.clock().now() + call.limits.idle;
            self.passed = passed;
            if call.limits.streams {
                self.end = silent;
            }
            call.timer.set(silent);
        }
    }

    /// Does nothing but silence end the wait for the caller?
    fn is_endless(&self, call: &Call<'_, N>) -> bool {
        self.awaited.is_some() && call.limits.deadline == Moment::NEVER
    }

    /// The request, as far as it goes. That the upstream takes no more is not yet an error.
    fn poll_upload(&mut self, call: &mut Call<'_, N>, cx: &mut Context<'_>) -> Result<(), Failure> {
        let (request, caller) = (&mut *call.request, &mut call.caller);
        match request.poll_upload(caller, &mut self.link, call.worker, cx) {
            Poll::Ready(Err(Upload::Caller(broken))) => Err(self.failure(broken.into())),
            _ => Ok(()),
        }
    }

    /// Interim responses on their way to the caller.
    fn poll_interim(
        &mut self,
        call: &mut Call<'_, N>,
        cx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let Caller::Http1(io) = &mut call.caller else { return Ok(()) };
        match poll_drain(*io, &self.block, call.out, cx) {
            Poll::Ready(Err(_)) => Err(self.failure(Kind::Cancelled)),
            _ => Ok(()),
        }
    }

    fn poll_response(
        &mut self,
        call: &mut Call<'_, N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Complete, Failure>> {
        match self.link.end {
            End::Http1 { .. } => self.poll_head(call, cx).map_err(|kind| self.failure(kind)),
            End::Http2 { .. } => self.poll_frames(call, cx),
        }
    }

    /// The same from a stream, and as much of the body as is there with it.
    fn poll_frames(
        &mut self,
        call: &mut Call<'_, N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Complete, Failure>> {
        loop {
            let fresh = self.is_fresh();
            let End::Http2 { stream, seat, .. } = &mut self.link.end else { return Poll::Pending };
            let head = match ready!(stream.poll_head(cx)) {
                Ok(head) => head,
                Err(error) => return Poll::Ready(Err(seat.failure(&error, fresh))),
            };
            let (ended, method) = (stream.ended, call.head().method());
            let read = head::read_response(&head, ended, method, &mut self.block, &mut self.parts);
            let framing = read.ok_or(Failure::sent(Kind::Malformed))?;
            let complete = Complete { length: self.block.filled, framing };
            if !matches!(self.parts.status, 100..=199) {
                self.block.begin_body(complete.length);
                self.say_empty(call, ended);
                self.poll_early_body(call, framing, cx);
                return Poll::Ready(Ok(complete));
            }
            self.interim(call, complete).map_err(Failure::sent)?;
        }
    }

    /// HTTP/1.1 would wait for a body where HTTP/2 has said that there is none.
    fn say_empty(&mut self, call: &Call<'_, N>, ended: bool) {
        let bodiless =
            call.head().method() == Method::Head || matches!(self.parts.status, 204 | 304);
        let silent = !self.block.has_field("content-length");
        if ended && silent && !bodiless && matches!(call.caller, Caller::Http1(_)) {
            self.block.edits.append(b"content-length", b"0");
        }
    }

    /// Whatever has come with the head, up to what a block holds.
    fn poll_early_body(&mut self, call: &Call<'_, N>, framing: Framing, cx: &mut Context<'_>) {
        let End::Http2 { stream, .. } = &mut self.link.end else { return };
        let keep = body_keep(call, framing);
        while !stream.ended && self.block.space().len() >= EARLY {
            let Poll::Ready(Ok(_)) = stream.poll_fill(&mut self.block, keep, cx) else { return };
        }
    }

    fn poll_head(
        &mut self,
        call: &mut Call<'_, N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Complete, Kind>> {
        loop {
            let known = self.block.filled;
            if !self.block.has_space() && !self.block.grow(HEAD_LIMIT) {
                return Poll::Ready(Err(Kind::Malformed));
            }
            let End::Http1 { io, .. } = &mut self.link.end else { return Poll::Pending };
            match ready!(poll_fill(io, &mut self.block, cx)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(self.ended())),
                Ok(_) => {}
            }
            // Only a line's end can complete a head.
            let news = self.block.filled().get(known..).unwrap_or_default();
            if memchr::memchr(b'\n', news).is_some()
                && let Some(complete) = self.parse(call)?
            {
                return Poll::Ready(Ok(complete));
            }
        }
    }

    /// The final head, if it is there; interim ones on the way to it are dealt with.
    fn parse(&mut self, call: &mut Call<'_, N>) -> Result<Option<Complete>, Kind> {
        let method = call.head().method();
        loop {
            let Block { bytes, fields, filled, .. } = &mut *self.block;
            let head = bytes.get_mut(..*filled).unwrap_or_default();
            let parsed = parse::response(head, fields, &mut self.parts, method);
            let Some(mut complete) = parsed.map_err(|_| Kind::Malformed)? else { return Ok(None) };
            if self.parts.status == 101 && is_wanted(call, bytes, fields) {
                complete.framing = Framing::Tunnel;
                write::keep_upgrade(fields);
                return Ok(Some(complete));
            }
            if !matches!(self.parts.status, 100..=199) {
                return Ok(Some(complete));
            }
            self.interim(call, complete)?;
        }
    }

    fn interim(&mut self, call: &mut Call<'_, N>, complete: Complete) -> Result<(), Kind> {
        self.interims += 1;
        match self.parts.status {
            // Nobody asked for another protocol.
            101 => return Err(Kind::Malformed),
            _ if self.interims > INTERIM_LIMIT => return Err(Kind::Malformed),
            100 => {
                self.say_continue(call);
                call.timer.set(self.end);
            }
            _ => match &mut call.caller {
                Caller::Http1(_) if call.request.parts.modern => {
                    let Block { bytes, fields, .. } = &*self.block;
                    write::interim(bytes, fields, &self.parts, &mut call.out.head);
                }
                Caller::Http1(_) => {}
                Caller::Http2(answer) => answer.interim(&self.block, &self.parts),
            },
        }
        self.block.consume(complete.length);
        Ok(())
    }

    fn say_continue(&mut self, call: &mut Call<'_, N>) {
        if !call.request.continued {
            call.request.continued = true;
            match &mut call.caller {
                Caller::Http1(_) => {
                    call.out.head.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                Caller::Http2(answer) => answer.say_continue(),
            }
        }
    }

    /// May its end be that of the rest before it? Not once the upstream has said something.
    fn is_fresh(&self) -> bool {
        self.reused && self.interims == 0
    }

    /// The connection ended without a complete head. On a connection that waited in the pool the
    /// upstream may have closed it before our request came.
    fn ended(&self) -> Kind {
        if self.is_fresh() && self.block.filled == 0 { Kind::Stale } else { Kind::Reset }
    }

    /// Without a byte written, the upstream cannot have acted.
    fn failure(&self, kind: Kind) -> Failure {
        match self.link.end {
            End::Http1 { .. } if self.link.out.head_sent == 0 => Failure::unsent(kind),
            _ => Failure::sent(kind),
        }
    }

    /// The head decides by itself: what is behind it is the body's affair, whether it is here already or not.
    fn respond(mut self, call: &mut Call<'_, N>, complete: Complete) -> Response<N> {
        let (decoder, is_here) = match &self.link.end {
            End::Http2 { stream, .. } if stream.ended => (Decoder::new(Framing::None), false),
            End::Http2 { .. } => (Decoder::of_frames(complete.framing), false),
            End::Http1 { .. } => {
                self.block.begin_body(complete.length);
                (Decoder::new(complete.framing), true)
            }
        };
        let mut response = Response::of_upstream(self.block, self.parts, complete.framing, decoder);
        response.link = Some(self.link);
        if is_here {
            response.decode(call.caller.keep(&call.request.parts));
        }
        response.settle(call);
        response
    }
}

/// Is a `101` what the caller asked for?
fn is_wanted<N: Net>(call: &Call<'_, N>, bytes: &[u8], fields: &[Field]) -> bool {
    let request = call.head();
    request.parts.upgrade && parse::is_offered((bytes, fields), (request.bytes, request.fields))
}

/// How a body that comes in frames is kept: in chunks only if nothing else tells the caller where it
/// ends.
pub(super) fn body_keep<N: Net>(call: &Call<'_, N>, framing: Framing) -> Keep {
    match framing {
        Framing::Chunked => call.caller.keep(&call.request.parts),
        _ => Keep::PayloadOnly,
    }
}
