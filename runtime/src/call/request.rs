//! A request of the caller, from its head to the end of its body.

use std::task::{Context, Poll, ready};

use super::{Caller, Link};
use crate::buffer::{
    Block, Broken, Decoder, Framing, Keep, LARGE_BODY, Outgoing, WINDOW, poll_fill,
};
use crate::failure::Stage;
use crate::message::{HeadEdit, Known, RequestHead, RequestParts, Span};
use crate::net::Io;
use crate::policy::RewritePolicy;
use crate::timer::Lookout;
use crate::wire::http1::write;
use crate::worker::{Net, Worker};

/// The room for which a frame is asked.
const FRAME_ROOM: usize = 1024;

/// What the filters and tries of one call work on.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) block: Box<Block>,
    pub(crate) parts: RequestParts,
    pub(crate) framing: Framing,
    decoder: Decoder,
    /// What the body is kept as: the upstream decides.
    keep: Keep,
    /// Body bytes that stay in the block for another try.
    retain: usize,
    /// The body outgrew them.
    outgrown: bool,
    /// No body byte has left the block for good.
    intact: bool,
    /// What comes next of the body breaks its framing.
    broken: bool,
    /// Bytes taken from the memory that all calls share for replays.
    taken: usize,
    /// The caller sends its body: it did not wait for `100 Continue`, or got it.
    pub(crate) continued: bool,
    id: Id,
    /// The block's `path` takes the place of the caller's.
    rewritten: bool,
    host: Option<&'static str>,
    /// Body bytes read, framing included.
    pub(crate) received: u64,
    lookout: Lookout,
}

/// The correlation id.
#[derive(Debug)]
enum Id {
    None,
    Caller(Span),
    Ours([u8; 36]),
}

/// A request that could not be written to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    /// The upstream takes no more; its answer may be there all the same.
    Upstream,
    Caller(Broken),
}

impl Request {
    /// The head has been parsed; `block` holds it and whatever came with it.
    pub(crate) fn new(
        block: Box<Block>,
        parts: RequestParts,
        head: usize,
        framing: Framing,
    ) -> Self {
        let mut request = Self::of(block, parts, head, (framing, Decoder::new(framing)));
        request.decode();
        // What has arrived anyway needs no permission.
        request.continued |= request.is_complete();
        request
    }

    /// `block` holds a head that came in frames, as will the body.
    pub(crate) fn of_frames(block: Box<Block>, parts: RequestParts, framing: Framing) -> Self {
        let (head, decoder) = (block.filled, Decoder::of_frames(framing));
        let mut request = Self::of(block, parts, head, (framing, decoder));
        request.continued |= request.is_complete();
        request
    }

    fn of(
        mut block: Box<Block>,
        parts: RequestParts,
        head: usize,
        (framing, decoder): (Framing, Decoder),
    ) -> Self {
        block.begin_body(head);
        Self {
            block,
            parts,
            framing,
            decoder,
            keep: Keep::Framing,
            retain: 0,
            outgrown: false,
            intact: true,
            broken: false,
            taken: 0,
            continued: !parts.expects_continue,
            id: Id::None,
            rewritten: false,
            host: None,
            received: 0,
            lookout: Lookout::default(),
        }
    }

    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead { bytes: &self.block.bytes, fields: &self.block.fields, parts: &self.parts }
    }

    pub(crate) fn edit(&mut self) -> HeadEdit<'_, '_> {
        let Block { bytes, fields, edits, .. } = &mut *self.block;
        HeadEdit { bytes, fields, edits, request: None, id: self.id.of(bytes) }
    }

    /// The correlation id; empty if the call has none.
    pub(crate) fn id(&self) -> &[u8] {
        self.id.of(&self.block.bytes)
    }

    pub(crate) fn keep_id(&mut self, name: &str) {
        let bytes = &self.block.bytes;
        let field = self.block.fields.iter().find(|field| field.is_named(bytes, name));
        self.id = field.map_or(Id::None, |field| Id::Caller(field.value));
    }

    pub(crate) fn give_id(&mut self, name: &'static str, id: &[u8; 36]) {
        self.edit().set(name, id);
        self.id = Id::Ours(*id);
    }

    pub(crate) fn drop_known(&mut self, known: Known) {
        for field in &mut self.block.fields {
            field.dropped |= field.known == known;
        }
    }

    pub(crate) fn rewrite<P: RewritePolicy>(&mut self) {
        let mut path = std::mem::take(&mut self.block.path);
        self.rewritten = P::path(&self.head(), &mut path);
        self.block.path = path;
        if P::HOST.is_some() {
            self.host = P::HOST;
            self.drop_known(Known::Host);
        }
    }

    /// Writes the head of a try, which goes on from the body's start.
    pub(crate) fn begin_try(
        &self,
        out: &mut Outgoing,
        authority: &str,
        traceparent: Option<&[u8]>,
        attempt: u32,
    ) {
        let additions = self.additions(authority, traceparent, attempt);
        write::request(self.head(), &additions, &mut out.head);
        out.begin_body(&self.block);
    }

    /// What a try adds to the head.
    pub(crate) fn additions<'a>(
        &'a self,
        authority: &'a str,
        traceparent: Option<&'a [u8]>,
        attempt: u32,
    ) -> write::Additions<'a> {
        let host = match self.host {
            None if !self.parts.has_host => match self.parts.authority.of(&self.block.bytes) {
                b"" => Some(authority.as_bytes()),
                named => Some(named),
            },
            host => host.map(str::as_bytes),
        };
        write::Additions {
            path: self.rewritten.then_some(self.block.path.as_slice()),
            host,
            lines: self.block.edits.lines(),
            traceparent,
            attempt: (attempt > 1).then_some(attempt),
            chunked: self.framing == Framing::Chunked,
            upgrade: self.parts.upgrade,
        }
    }

    /// A try goes out in frames: of the body only the payload is kept, trailers apart.
    pub(crate) fn begin_framed_try(&mut self, out: &mut Outgoing) {
        out.begin_body(&self.block);
        if self.keep == Keep::Framing {
            self.keep = Keep::PayloadOnly;
            if self.framing == Framing::Chunked && !self.decoder.is_of_frames() {
                // Nothing has gone out yet: what has arrived is looked at once more.
                self.decoder = Decoder::new(self.framing);
                self.block.decoded = self.block.head_end;
                self.received = 0;
                self.decode();
            }
        }
    }

    /// From now on this many body bytes are kept for another try.
    pub(crate) fn retain(&mut self, bytes: usize) {
        self.retain = bytes;
        self.outgrown = self.kept() > bytes;
    }

    /// Can the body be sent again? If nobody has seen the request it need only still be here.
    pub(crate) fn replayable(&self, stage: Stage) -> bool {
        self.intact && (stage == Stage::Unsent || !self.outgrown)
    }

    fn kept(&self) -> usize {
        self.block.decoded - self.block.head_end
    }

    /// The whole body has been read.
    pub(crate) fn is_complete(&self) -> bool {
        self.decoder.is_done()
    }

    /// The whole request has been written to the upstream.
    pub(crate) fn is_sent(&self, out: &Outgoing) -> bool {
        self.is_complete() && out.has_caught_up(&self.block)
    }

    /// Nothing but the caller holds it up.
    pub(crate) fn is_awaited(&self, out: &Outgoing) -> bool {
        !self.is_complete() && self.continued && out.has_caught_up(&self.block)
    }

    /// Moves head and body to the upstream; ready when all of it is written.
    pub(crate) fn poll_upload<N: Net>(
        &mut self,
        from: &mut Caller<'_, N>,
        to: &mut Link<N>,
        worker: &Worker<N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Upload>> {
        loop {
            let complete = self.is_complete();
            ready!(to.poll_drain(&self.block, complete, cx)).map_err(|_| Upload::Upstream)?;
            if complete {
                return Poll::Ready(Ok(()));
            }
            // Who waits for `100 Continue` may leave, or cease to wait (RFC 9110 §10.1.1).
            ready!(self.poll_more(from, &mut to.out, worker, cx)).map_err(Upload::Caller)?;
            self.continued = true;
        }
    }

    /// Reads more of the body; ready when some came, or its end.
    fn poll_more<N: Net>(
        &mut self,
        caller: &mut Caller<'_, N>,
        out: &mut Outgoing,
        worker: &Worker<N>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>> {
        if self.broken {
            return Poll::Ready(Err(Broken::Malformed));
        }
        // Frames say late that they were the last: while there is room, nothing is let go.
        if matches!(caller, Caller::Http1(_)) || self.block.space().len() < FRAME_ROOM {
            self.make_room(out, worker);
        }
        match caller {
            Caller::Http1(io) => match ready!(poll_fill(*io, &mut self.block, cx)) {
                Ok(0) | Err(_) => Poll::Ready(Err(Broken::Gone)),
                Ok(_) => {
                    self.decode();
                    Poll::Ready(Ok(()))
                }
            },
            Caller::Http2(answer) => {
                let before = self.block.decoded;
                let keep =
                    if self.framing == Framing::Chunked { self.keep } else { Keep::PayloadOnly };
                match ready!(answer.incoming.poll_fill(&mut self.block, keep, cx)) {
                    Ok(end) => self.decoder.frames_came(end),
                    Err(broken) => return Poll::Ready(Err(broken)),
                }
                self.count_decoded(before);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// What is in order goes out, however much of what follows has come with it.
    fn decode(&mut self) {
        let before = self.block.decoded;
        self.broken = self.block.decode(&mut self.decoder, self.keep).is_err();
        self.count_decoded(before);
    }

    fn count_decoded(&mut self, before: usize) {
        self.received += (self.block.decoded - before) as u64;
        self.outgrown |= self.retain > 0 && self.kept() > self.retain;
    }

    /// Everything decoded has been sent; the next read needs space. While the body is kept for
    /// another try the block grows, otherwise the window is used again.
    fn make_room<N: Net>(&mut self, out: &mut Outgoing, worker: &Worker<N>) {
        if self.retain > 0 && !self.outgrown {
            if self.block.has_space() || self.grow(worker) {
                return;
            }
            self.outgrown = true;
        }
        self.intact &= out.sent == self.block.head_end;
        self.block.recycle(out);
        if self.decoder.expects() > LARGE_BODY {
            worker.blocks.enlarge(&mut self.block);
        }
        self.block.ensure_room();
    }

    /// Makes the block larger, as far as the policy and the memory of all calls allow.
    fn grow<N: Net>(&mut self, worker: &Worker<N>) -> bool {
        let limit = self.block.head_end + self.retain + WINDOW;
        let more = self.block.bytes.len().min(limit.saturating_sub(self.block.bytes.len()));
        let granted = more > 0 && worker.shared.take_replay(more);
        if granted {
            self.taken += more;
            self.block.grow(limit);
        }
        granted
    }

    /// Ready once the caller has left. What it sends ahead of time is kept for the next request; while there
    /// is no room for that, or its body waits to be read, it is looked at now and then.
    pub(crate) fn poll_gone<N: Net>(
        &mut self,
        caller: &mut Caller<'_, N>,
        worker: &Worker<N>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let io = match caller {
            Caller::Http1(io) => io,
            Caller::Http2(answer) => {
                if !self.is_complete() {
                    answer.incoming.gather(cx);
                }
                return answer.poll_cancelled(cx);
            }
        };
        while self.is_complete() && self.block.has_space() {
            if ready!(io.poll_readable(cx)).is_err() {
                return Poll::Ready(());
            }
            match ready!(poll_fill(*io, &mut self.block, cx)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
        loop {
            ready!(self.lookout.poll_look(&worker.timers, cx));
            if io.has_ended() {
                return Poll::Ready(());
            }
        }
    }

    /// What the caller has sent beyond its request, in a block of its own: a tunnel begins with it.
    pub(crate) fn take_ahead<N: Net>(&mut self, worker: &Worker<N>) -> Box<Block> {
        let mut ahead = worker.blocks.take();
        ahead.append(self.block.raw());
        ahead.begin_body(0);
        self.block.filled = self.block.decoded;
        ahead
    }

    /// The call has ended: gives back what it took. The block holds what came behind the request.
    pub(crate) fn end<N: Net>(mut self, worker: &Worker<N>) -> Box<Block> {
        worker.shared.give_replay(self.taken);
        self.block.next_message();
        self.block
    }
}

impl Id {
    fn of<'a>(&'a self, bytes: &'a [u8]) -> &'a [u8] {
        match self {
            Self::None => &[],
            Self::Caller(span) => span.of(bytes),
            Self::Ours(id) => id,
        }
    }
}
