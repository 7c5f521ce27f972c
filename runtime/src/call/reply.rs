//! Answers of our own: errors with their `proxy-status` (RFC 9209), and those of the policy.

use std::fmt::Write as _;

use super::Link;
use super::response::Response;
use crate::buffer::{Block, Framing};
use crate::call::link::End;
use crate::failure::{Failure, Kind};
use crate::grpc::{self, Grpc};
use crate::message::{Method, Refused, RequestHead, ResponseParts, Span, reason};
use crate::observe::report::Source;
use crate::policy::ReplyPolicy;
use crate::worker::{Net, Worker};

/// The answer that a failure without one gets.
pub(crate) fn of_failure<N: Net>(
    worker: &Worker<N>,
    to: RequestHead<'_>,
    failure: Failure,
) -> Response<N> {
    let mut reply = Reply::to(worker, to, (failure.status(), failure.grpc()));
    let mut status = format!("amb; error={}", failure.error().name());
    let mut text = format!("{}\n", failure.error().name().replace('_', " "));
    if let Kind::BreakerOpen { breaker, retry_in } = failure.kind {
        let _ = write!(status, "; details=\"breaker {breaker} open\"");
        text = format!("the breaker of {breaker} is open\n");
        let seconds = retry_in.as_secs() + u64::from(retry_in.subsec_nanos() > 0);
        reply.field("retry-after", seconds.max(1).to_string().as_bytes());
    }
    if let Some((details, said)) = about_request(failure.kind) {
        let _ = write!(status, "; details=\"{details}\"");
        text = format!("{said}\n");
    }
    reply.field("proxy-status", status.as_bytes());
    reply.field("content-type", b"text/plain");
    reply.finish(text.as_bytes(), to.method(), Source::Proxy)
}

/// What is wrong with a request, in `proxy-status` and in words.
const fn about_request(kind: Kind) -> Option<(&'static str, &'static str)> {
    match kind {
        Kind::SlowCaller => Some(("incomplete body", "the request was not complete in time")),
        Kind::BadBody => Some(("malformed body", "malformed body")),
        Kind::BadHead => Some(("malformed head", "malformed head")),
        _ => None,
    }
}

/// The answer to a request that could not be read.
pub(crate) fn of_refused<N: Net>(worker: &Worker<N>, to: Method, refused: Refused) -> Response<N> {
    let mut reply = Reply::new(worker, refused.status());
    let status = format!("amb; error=http_request_error; details=\"{refused}\"");
    reply.field("proxy-status", status.as_bytes());
    reply.field("content-type", b"text/plain");
    reply.finish(format!("{refused}\n").as_bytes(), to, Source::Proxy)
}

/// The answer to a caller that does not complete its request head.
pub(crate) fn of_slow_caller<N: Net>(worker: &Worker<N>) -> Response<N> {
    let mut reply = Reply::new(worker, 408);
    reply.field("proxy-status", b"amb; error=http_request_error; details=\"incomplete head\"");
    reply.finish(b"", Method::Get, Source::Proxy)
}

/// The answer to `CONNECT`: the connection is a tunnel from now on (RFC 9110 §9.3.6).
pub(crate) fn of_tunnel<N: Net>(worker: &Worker<N>, io: N::Up) -> Response<N> {
    let Reply { block, parts, .. } = Reply::new(worker, 200);
    let mut response = Response::complete(block, parts, Source::Upstream);
    response.framing = Framing::Tunnel;
    let out = worker.blocks.take_outgoing();
    response.link = Some(Link { end: End::Http1 { io, home: None }, out });
    response
}

/// `respond` and `fallback`.
pub(crate) fn of_policy<P: ReplyPolicy, N: Net>(
    worker: &Worker<N>,
    to: RequestHead<'_>,
) -> Response<N> {
    let mut reply = Reply::to(worker, to, (P::STATUS, Grpc::of_http(P::STATUS)));
    for (name, value) in P::HEADERS {
        reply.field(name, value.as_bytes());
    }
    reply.finish(P::BODY.as_bytes(), to.method(), Source::Policy)
}

/// An answer in the making, in a block like any other.
struct Reply {
    block: Box<Block>,
    parts: ResponseParts,
    /// What a caller of gRPC is told.
    grpc: Option<Grpc>,
}

impl Reply {
    /// An answer to that request. One of gRPC has a status of its own, behind an HTTP status of 200.
    fn to<N: Net>(
        worker: &Worker<N>,
        request: RequestHead<'_>,
        (status, code): (u16, Grpc),
    ) -> Self {
        let grpc = grpc::is_call(request).then_some(code);
        let status = if grpc.is_some() { 200 } else { status };
        Self { grpc, ..Self::new(worker, status) }
    }

    fn new<N: Net>(worker: &Worker<N>, status: u16) -> Self {
        let mut block = worker.blocks.take();
        block.append(itoa::Buffer::new().format(status).as_bytes());
        block.append(b" ");
        block.append(reason(status).as_bytes());
        let status_text = Span::new(0..block.filled);
        let head_end = block.filled;
        block.begin_body(head_end);
        let parts = ResponseParts { status, status_text, keep_alive: true };
        Self { block, parts, grpc: None }
    }

    fn field(&mut self, name: &str, value: &[u8]) {
        if self.grpc.is_some() && name == "content-type" {
            return;
        }
        self.block.edits.append(name.as_bytes(), value);
    }

    fn finish<N: Net>(mut self, body: &[u8], to: Method, source: Source) -> Response<N> {
        if let Some(code) = self.grpc {
            return self.finish_grpc(code, body, source);
        }
        let bodiless = matches!(self.parts.status, 100..=199 | 204 | 304);
        if !bodiless {
            self.field("content-length", itoa::Buffer::new().format(body.len()).as_bytes());
        }
        if !bodiless && to != Method::Head {
            self.block.append(body);
            self.block.decoded = self.block.filled;
        }
        Response::complete(self.block, self.parts, source)
    }
}

impl Reply {
    /// Everything is in the head: what would have been the body, too.
    fn finish_grpc<N: Net>(mut self, code: Grpc, text: &[u8], source: Source) -> Response<N> {
        self.block.edits.append(b"content-type", grpc::CONTENT_TYPE.as_bytes());
        self.field("content-length", b"0");
        self.field("grpc-status", itoa::Buffer::new().format(code.number()).as_bytes());
        let text = text.trim_ascii_end();
        if !text.is_empty() {
            self.field("grpc-message", &grpc::message(text));
        }
        let mut response = Response::complete(self.block, self.parts, source);
        response.grpc = Some(code);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `details` in docs/semantics.md has each, at its status.
    #[test]
    fn what_is_wrong_with_a_request_is_documented() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/semantics.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let table = docs.split_once("`details=\"…\"` says more").unwrap().1;
        let of_body = [Kind::SlowCaller, Kind::BadBody, Kind::BadHead].map(|kind| {
            (Failure::unsent(kind).status(), about_request(kind).unwrap().0.to_owned())
        });
        let of_head = Refused::OF_REQUESTS.map(|refused| (refused.status(), refused.to_string()));
        let slow = (408, "incomplete head".to_owned());
        for (status, details) in of_body.into_iter().chain(of_head).chain([slow]) {
            let row = table.lines().find(|line| line.starts_with(&format!("| {status} |")));
            assert!(row.unwrap().contains(&format!("`{details}`")), "{status}: {details}");
        }
    }
}
