//! An answer: its head read, its body wholly here or still on the way.

use super::request::Request;
use super::{Call, Link};
use crate::buffer::{Block, Came, Decoder, Framing, Keep};
use crate::call::link::End;
use crate::grpc::Grpc;
use crate::message::{HeadEdit, ResponseParts, split_line};
use crate::net::Pipe;
use crate::observe::report::Source;
use crate::policy::Cause;
use crate::wire::http1::write;
use crate::worker::{Net, Worker};

/// What a pipeline gives back for the caller.
pub struct Response<N: Net> {
    pub(crate) block: Box<Block>,
    pub(crate) parts: ResponseParts,
    pub(crate) framing: Framing,
    pub(crate) source: Source,
    /// The status of gRPC, if it is known.
    pub(crate) grpc: Option<Grpc>,
    decoder: Decoder,
    /// What comes next of the body breaks its framing.
    pub(crate) broken: bool,
    /// The connection that the body comes on; none once it is no longer needed.
    pub(crate) link: Option<Link<N>>,
    /// Through which a large body goes.
    pub(crate) pipe: Option<Pipe>,
}

impl<N: Net> Response<N> {
    pub(crate) fn of_upstream(
        block: Box<Block>,
        parts: ResponseParts,
        framing: Framing,
        decoder: Decoder,
    ) -> Self {
        Self {
            block,
            parts,
            framing,
            source: Source::Upstream,
            grpc: None,
            decoder,
            broken: false,
            link: None,
            pipe: None,
        }
    }

    /// An answer of our own: all of it is in the block.
    pub(crate) fn complete(block: Box<Block>, parts: ResponseParts, source: Source) -> Self {
        let (framing, decoder) = (Framing::None, Decoder::new(Framing::None));
        let (grpc, broken, link, pipe) = (None, false, None, None);
        Self { block, parts, framing, source, grpc, decoder, broken, link, pipe }
    }

    pub(crate) fn status(&self) -> u16 {
        self.parts.status
    }

    /// As policies name it.
    pub(crate) fn cause(&self) -> Cause {
        self.grpc.map_or(Cause::Status(self.status()), Cause::Grpc)
    }

    /// Looks for the status of gRPC that decides about the try: an answer that is nothing but a head has
    /// one (Trailers-Only). Any other head commits the call, whatever came with it (A6).
    pub(crate) fn read_grpc(&mut self) {
        if matches!(self.framing, Framing::None | Framing::Length(0)) {
            self.grpc = self.field("grpc-status").and_then(Grpc::of_field);
        }
    }

    /// The status of gRPC at the end of the answer: a stream tells it in its trailers.
    pub(crate) fn last_grpc(&self) -> Option<Grpc> {
        self.grpc.or_else(|| self.trailer("grpc-status").and_then(Grpc::of_field))
    }

    /// `grpc-retry-pushback-ms`, of an answer with a status of gRPC.
    pub(crate) fn pushback(&self) -> Option<&[u8]> {
        self.grpc.and_then(|_| self.field("grpc-retry-pushback-ms"))
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        let Block { bytes, fields, .. } = &*self.block;
        let field = fields.iter().find(|field| field.is_named(bytes, name));
        field.map(|field| field.value.of(bytes))
    }

    fn trailer(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.block.trailers.split_inclusive(|&byte| byte == b'\n');
        lines.find_map(|line| {
            let (field, value) = split_line(line)?;
            field.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })
    }

    pub(crate) fn retry_after(&self) -> Option<&[u8]> {
        write::retry_after(&self.block.bytes, &self.block.fields)
    }

    pub(crate) fn edit<'m>(&'m mut self, request: &'m Request) -> HeadEdit<'m, 'm> {
        let Block { bytes, fields, edits, .. } = &mut *self.block;
        HeadEdit { bytes, fields, edits, request: Some(request.head()), id: request.id() }
    }

    /// The whole body has been read.
    pub(crate) fn is_complete(&self) -> bool {
        self.decoder.is_done()
    }

    /// What is in order goes out, however much of what follows has come with it.
    pub(crate) fn decode(&mut self, keep: Keep) {
        self.broken = self.block.decode_answer(&mut self.decoder, keep).is_err();
    }

    /// Body bytes that are known to come.
    pub(crate) fn expects(&self) -> u64 {
        self.decoder.expects()
    }

    /// So many bytes of the body have been read into the pipe.
    pub(crate) fn went_past(&mut self, bytes: usize) {
        self.decoder.went_past(bytes as u64);
    }

    /// Frames of the body have been read into the block.
    pub(crate) fn frames_came(&mut self, came: Came) {
        self.decoder.frames_came(came);
    }

    /// The upstream has closed; true if that is how this body ends.
    pub(crate) fn end_of_stream(&mut self) -> bool {
        let complete = self.decoder.ends_with_connection();
        if complete {
            self.decoder = Decoder::new(Framing::None);
        }
        complete
    }

    /// Lets go of the connection once nothing more comes on it: back to the endpoint if it can carry
    /// another request.
    pub(crate) fn settle(&mut self, call: &Call<'_, N>) {
        let uploading = |link: &Link<N>| self.parts.keep_alive && !call.request.is_sent(&link.out);
        if !self.is_complete() || self.link.as_ref().is_some_and(uploading) {
            return;
        }
        let silent = self.block.decoded == self.block.filled;
        let delimited = !matches!(self.framing, Framing::Close | Framing::Tunnel);
        let reusable = self.parts.keep_alive && delimited && silent;
        let Some(link) = self.link.take() else { return };
        // A stream that has ended needs no more than to be let go.
        if let End::Http1 { io, home: Some(home) } = link.into_end(call.worker)
            && reusable
        {
            home.idle.give(io, call.now);
        }
    }

    /// Nobody wants it: a later try has a better one.
    pub(crate) fn discard(self, worker: &Worker<N>) {
        worker.blocks.give(self.block);
        if let Some(link) = self.link {
            drop(link.into_end(worker));
        }
    }
}
