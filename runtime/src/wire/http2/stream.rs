//! The two ends of a call that are streams: bodies move between their frames and blocks.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use h2::client::ResponseFuture;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};

use super::head;
use crate::buffer::{Block, Broken, Came, Keep, Outgoing};
use crate::failure::ProxyError;
use crate::message::ResponseParts;

/// A chunk's size line and its end, at most.
const CHUNK_FRAMING: usize = 12;

/// What comes in on a stream.
pub(crate) struct Incoming {
    stream: RecvStream,
    /// The part of a frame for which there was no room.
    rest: Bytes,
    /// Frames behind it that came while nobody asked for them; at most a window of them.
    gathered: BytesMut,
    /// Bytes that were handed on and for which the window has not opened again.
    owed: usize,
}

impl Incoming {
    pub(crate) fn new(stream: RecvStream) -> Self {
        Self { stream, rest: Bytes::new(), gathered: BytesMut::new(), owed: 0 }
    }

    /// Reads once into the block; what it reads may go out. Whoever asks for more has passed on what
    /// came before: only then the window opens for it again.
    pub(crate) fn poll_fill(
        &mut self,
        block: &mut Block,
        keep: Keep,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Came, Broken>> {
        self.release();
        while self.rest.is_empty() {
            if !self.gathered.is_empty() {
                self.rest = self.gathered.split().freeze();
                break;
            }
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(_)) => return Poll::Ready(Err(Broken::Gone)),
                None => return self.poll_end(block, keep, cx),
            }
        }
        let room = block.space().len().saturating_sub(CHUNK_FRAMING);
        // A block without room for a chunk grows by a frame.
        let n = if room == 0 { self.rest.len() } else { self.rest.len().min(room) };
        let data = self.rest.get(..n).unwrap_or_default();
        match keep {
            Keep::Framing => append_chunk(block, data),
            Keep::PayloadOnly => block.append(data),
        }
        block.decoded = block.filled;
        self.rest.advance(n);
        self.owed += n;
        let ended = self.gathered.is_empty() && self.stream.is_end_stream();
        if !self.rest.is_empty() || !ended {
            return Poll::Ready(Ok(Came::Some));
        }
        // The frame was the last one, without trailers behind it.
        end(block, keep);
        Poll::Ready(Ok(Came::End))
    }

    /// Ready at the end of a body that has announced itself as empty; an error if it is not.
    pub(crate) fn poll_nothing(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while !self.stream.is_end_stream() {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) if data.is_empty() => {}
                Some(_) => return Poll::Ready(Err(Broken::Malformed)),
                None => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what has come while nobody can use it. In `h2` each frame has a place of its own, however
    /// small it is; here it takes no more than its bytes, which the stream's window bounds.
    pub(crate) fn gather(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(Ok(data))) = self.stream.poll_data(cx) {
            self.gathered.extend_from_slice(&data);
        }
    }

    fn poll_end(
        &mut self,
        block: &mut Block,
        keep: Keep,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Came, Broken>> {
        let trailers = ready!(self.stream.poll_trailers(cx)).map_err(|_| Broken::Gone)?;
        if let Some(trailers) = trailers {
            head::read_trailers(&trailers, &mut block.trailers).ok_or(Broken::Malformed)?;
            block.withhold_trailers();
        }
        end(block, keep);
        Poll::Ready(Ok(Came::End))
    }

    fn release(&mut self) {
        let owed = std::mem::take(&mut self.owed);
        if owed > 0 {
            // An error says that the stream has ended, and with it its window.
            drop(self.stream.flow_control().release_capacity(owed));
        }
    }
}

/// The body is complete: so HTTP/1.1 says it.
fn end(block: &mut Block, keep: Keep) {
    if keep == Keep::Framing {
        block.append_end();
    }
    block.decoded = block.filled;
}

fn append_chunk(block: &mut Block, data: &[u8]) {
    let mut line = [0; CHUNK_FRAMING];
    let mut free = line.as_mut_slice();
    // INVARIANT: a frame's length has at most six digits.
    drop(io::Write::write_fmt(&mut free, format_args!("{:x}\r\n", data.len())));
    let length = CHUNK_FRAMING - free.len();
    block.append(line.get(..length).unwrap_or_default());
    block.append(data);
    block.append(b"\r\n");
}

/// What goes out on a stream.
struct Sending {
    stream: SendStream<Bytes>,
    ended: bool,
}

impl Sending {
    /// Sends the block's bytes as far as the peer's windows allow, and the end of the message if it
    /// is `complete`.
    fn poll_drain(
        &mut self,
        (block, out): (&Block, &mut Outgoing),
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), h2::Error>> {
        while !out.ready(block).is_empty() {
            let due = out.ready(block).len();
            self.stream.reserve_capacity(due);
            let capacity = match self.stream.capacity() {
                0 => match ready!(self.stream.poll_capacity(cx)) {
                    Some(capacity) => capacity?,
                    None => return Poll::Ready(Err(Reason::STREAM_CLOSED.into())),
                },
                capacity => capacity,
            };
            let n = capacity.min(due);
            let data = Bytes::copy_from_slice(out.ready(block).get(..n).unwrap_or_default());
            self.ended = complete && n == due && block.trailers.is_empty();
            self.stream.send_data(data, self.ended)?;
            out.sent += n;
            out.passed += n as u64;
        }
        if complete && !self.ended {
            self.ended = true;
            self.end(block)?;
        }
        Poll::Ready(Ok(()))
    }

    fn end(&mut self, block: &Block) -> Result<(), h2::Error> {
        if block.trailers.is_empty() {
            return self.stream.send_data(Bytes::new(), true);
        }
        match head::write_trailers(&block.trailers) {
            Some(trailers) => self.stream.send_trailers(trailers),
            None => {
                self.stream.send_reset(Reason::PROTOCOL_ERROR);
                Err(Reason::PROTOCOL_ERROR.into())
            }
        }
    }
}

/// A caller's stream: its request's body comes on it, and it waits for the answer.
pub(crate) struct CallerStream {
    pub(crate) incoming: Incoming,
    head: SendResponse<Bytes>,
    /// Once the head has gone out.
    body: Option<Sending>,
}

impl CallerStream {
    pub(crate) fn new(body: RecvStream, head: SendResponse<Bytes>) -> Self {
        Self { incoming: Incoming::new(body), head, body: None }
    }

    /// Sends the head, to a call with this correlation id; with it the end, if nothing follows.
    pub(crate) fn begin(
        &mut self,
        (block, parts): (&Block, &ResponseParts),
        id: &[u8],
        ended: bool,
    ) -> Result<(), ProxyError> {
        let Some(response) = head::write_response(block, parts, id) else {
            self.reset();
            return Err(ProxyError::HttpProtocol);
        };
        let stream =
            self.head.send_response(response, ended).map_err(|_| ProxyError::ClientClosed)?;
        self.body = Some(Sending { stream, ended });
        Ok(())
    }

    /// A response before the response (RFC 9110 §15.2).
    pub(crate) fn interim(&mut self, block: &Block, parts: &ResponseParts) {
        if let Some(response) = head::write_response(block, parts, b"") {
            // Who has left need not be told.
            drop(self.head.send_informational(response));
        }
    }

    pub(crate) fn say_continue(&mut self) {
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::CONTINUE;
        drop(self.head.send_informational(response));
    }

    pub(crate) fn poll_drain(
        &mut self,
        message: (&Block, &mut Outgoing),
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.body {
            Some(body) => body.poll_drain(message, complete, cx).map_err(io::Error::other),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Ready once the caller has reset the stream, or the connection has ended.
    pub(crate) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.body {
            Some(body) if body.ended => Poll::Pending,
            Some(body) => body.stream.poll_reset(cx).map(|_| ()),
            None => self.head.poll_reset(cx).map(|_| ()),
        }
    }

    /// Ends an answer that has begun with the block's trailers, whatever else it was to have; false if it
    /// has not begun, or is over.
    pub(crate) fn end(&mut self, block: &Block) -> bool {
        match &mut self.body {
            Some(body) if !body.ended => {
                body.ended = true;
                body.end(block).is_ok()
            }
            _ => false,
        }
    }

    /// What is not whole must not look as if it were.
    pub(crate) fn reset(&mut self) {
        match &mut self.body {
            Some(body) => body.stream.send_reset(Reason::INTERNAL_ERROR),
            None => self.head.send_reset(Reason::INTERNAL_ERROR),
        }
    }
}

/// A stream to an upstream: a request on its way, then its answer.
pub(crate) struct UpstreamStream {
    head: ResponseFuture,
    request: Sending,
    /// Once the head is here.
    response: Option<Incoming>,
    /// The whole response has been read.
    pub(crate) ended: bool,
}

impl UpstreamStream {
    pub(crate) fn new(head: ResponseFuture, stream: SendStream<Bytes>, ended: bool) -> Self {
        let request = Sending { stream, ended };
        Self { head, request, response: None, ended: false }
    }

    /// The next head: interim ones first.
    pub(crate) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<http::response::Parts, h2::Error>> {
        match self.head.poll_informational(cx) {
            Poll::Ready(Some(Ok(interim))) => return Poll::Ready(Ok(interim.into_parts().0)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
            Poll::Ready(None) => {}
            Poll::Pending => return Poll::Pending,
        }
        let response = ready!(Pin::new(&mut self.head).poll(cx))?;
        let (head, body) = response.into_parts();
        self.ended = body.is_end_stream();
        self.response = Some(Incoming::new(body));
        Poll::Ready(Ok(head))
    }

    /// Reads some of the response's body into the block.
    pub(crate) fn poll_fill(
        &mut self,
        block: &mut Block,
        keep: Keep,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Came, Broken>> {
        let Some(response) = &mut self.response else { return Poll::Ready(Err(Broken::Gone)) };
        let came = ready!(response.poll_fill(block, keep, cx));
        self.ended |= came == Ok(Came::End);
        Poll::Ready(came)
    }

    /// What comes of the response while its caller takes nothing.
    pub(crate) fn gather(&mut self, cx: &mut Context<'_>) {
        if let Some(response) = self.response.as_mut().filter(|_| !self.ended) {
            response.gather(cx);
        }
    }

    pub(crate) fn poll_drain(
        &mut self,
        message: (&Block, &mut Outgoing),
        complete: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.request.poll_drain(message, complete, cx).map_err(io::Error::other)
    }
}
