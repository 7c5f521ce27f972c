//! The other ends of a scenario when they speak HTTP/2: a caller with one call, and an upstream that
//! plays one step per connection.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};

use super::scenario::Request;
use super::script::{Reply, Seen, Step};
use crate::grpc;

/// Sends a request and reads the answer; returns its head as text.
pub(super) async fn exchange(io: DuplexStream, request: &Request) -> Result<String, h2::Error> {
    let (mut requests, connection) = h2::client::handshake(io).await?;
    tokio::task::spawn_local(async move { drop(connection.await) });
    let head = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("http://{}{}", request.host, request.target));
    let fields = request.headers.iter();
    let mut head = fields.fold(head, |head, (name, value)| head.header(name, value));
    if request.body > 0 {
        head = head.header("content-length", request.body);
    }
    let head = head.body(()).map_err(|_| Reason::PROTOCOL_ERROR)?;
    let (response, mut body) = requests.send_request(head, request.body == 0)?;
    if request.body > 0 {
        let later = if request.pause.is_zero() { 0 } else { request.body.div_ceil(2) };
        let (now, pause) = (request.body - later, request.pause);
        // The proxy may answer without reading all of it.
        let write = async {
            send(&mut body, now, later == 0).await;
            if later > 0 {
                tokio::time::sleep(pause).await;
                send(&mut body, later, true).await;
            }
            pending::<Infallible>().await
        };
        return tokio::select! {
            biased;
            never = write => match never {},
            answer = answered(response) => answer,
        };
    }
    answered(response).await
}

async fn answered(response: ResponseFuture) -> Result<String, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    read(&mut body).await?;
    Ok(text(&format!("HTTP/2 {} ", head.status.as_u16()), &head.headers))
}

async fn send(body: &mut SendStream<Bytes>, mut left: usize, end: bool) {
    while left > 0 {
        body.reserve_capacity(left);
        let Some(Ok(capacity)) = poll_fn(|cx| body.poll_capacity(cx)).await else { return };
        let part = capacity.min(left);
        left -= part;
        if body.send_data(vec![b'x'; part].into(), end && left == 0).is_err() {
            return;
        }
    }
}

async fn read(body: &mut RecvStream) -> Result<(), h2::Error> {
    while let Some(data) = body.data().await {
        let read = data?.len();
        body.flow_control().release_capacity(read)?;
    }
    Ok(())
}

/// A head as HTTP/1.1 would show it.
fn text(start: &str, fields: &HeaderMap) -> String {
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    format!("{start}\r\n{}\r\n", lines.collect::<String>())
}

/// Plays one step on one connection, which then takes no more requests.
pub(super) async fn serve<I: AsyncRead + AsyncWrite + Unpin + 'static>(
    io: I,
    step: Step,
    seen: &RefCell<Vec<Seen>>,
    at: usize,
) -> io::Result<()> {
    let mut connection =
        Builder::new().max_concurrent_streams(1).handshake(io).await.map_err(io::Error::other)?;
    let Some(Ok((request, respond))) = connection.accept().await else { return Ok(()) };
    connection.graceful_shutdown();
    tokio::task::spawn_local(async move { while let Some(Ok(_)) = connection.accept().await {} });
    let (head, mut body) = request.into_parts();
    if let Some(seen) = seen.borrow_mut().get_mut(at) {
        let host = head.uri.authority().map_or("", |host| host.as_str());
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        seen.head =
            text(&format!("{} {target} HTTP/2\r\nhost: {host}", head.method), &head.headers);
    }
    read(&mut body).await.map_err(io::Error::other)?;
    tokio::time::sleep(step.after).await;
    answer(respond, &step).await.map_err(io::Error::other)
}

async fn answer(mut respond: SendResponse<Bytes>, step: &Step) -> Result<(), h2::Error> {
    match step.reply {
        Reply::Status(status) => {
            let head = http::Response::builder().status(status);
            let fields = step.headers.iter();
            let head = fields.fold(head, |head, (name, value)| head.header(name, value));
            let head = head.body(()).map_err(|_| Reason::INTERNAL_ERROR)?;
            respond.send_response(head, true).map(|_| ())
        }
        Reply::Grpc(code) => {
            let head = http::Response::builder()
                .header("content-type", grpc::CONTENT_TYPE)
                .header("grpc-status", u16::from(code.number()));
            let fields = step.headers.iter();
            let head = fields.fold(head, |head, (name, value)| head.header(name, value));
            let head = head.body(()).map_err(|_| Reason::INTERNAL_ERROR)?;
            respond.send_response(head, true).map(|_| ())
        }
        Reply::Refused | Reply::Reset => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            Ok(())
        }
        Reply::Never => pending().await,
    }
}
