//! What hyper's server and its client make of the bytes of a connection.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

/// A whole request, as hyper understands it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Vec<u8>,
    /// In origin form.
    pub(super) target: Vec<u8>,
    /// Names in lower case.
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// A whole final response, as hyper understands it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in lower case.
    pub(super) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// hyper at the other end of a pipe.
pub(super) struct Oracle {
    runtime: Runtime,
}

impl Oracle {
    pub(super) fn new() -> Self {
        Self { runtime: Builder::new_current_thread().build().unwrap() }
    }

    /// The requests on a connection that carries these bytes and then ends. One whose body breaks
    /// off or is malformed is not among them.
    pub(super) fn read_requests(&self, bytes: &[u8]) -> Vec<Seen> {
        self.runtime.block_on(read_requests(bytes))
    }

    /// The answer to a GET on a connection that carries these bytes and then ends.
    pub(super) fn read_response(&self, bytes: &[u8]) -> Result<Answer, hyper::Error> {
        self.runtime.block_on(read_response(bytes))
    }
}

async fn read_requests(bytes: &[u8]) -> Vec<Seen> {
    let (mut caller, server) = tokio::io::duplex(256 * 1024);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request| answer(Rc::clone(&seen), request));
    let served =
        server::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
    let call = async {
        caller.write_all(bytes).await.unwrap();
        caller.shutdown().await.unwrap();
        let mut answers = Vec::new();
        // The answers themselves do not matter, only that they do not block the pipe.
        drop(caller.read_to_end(&mut answers).await);
    };
    // An error of the connection is how hyper refuses.
    drop(tokio::join!(served, call));
    seen.take()
}

async fn answer(
    seen: Rc<RefCell<Vec<Seen>>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    if let Ok(body) = body.collect().await {
        seen.borrow_mut().push(Seen {
            method: head.method.as_str().as_bytes().to_vec(),
            target: target(&head.uri),
            fields: fields(&head.headers),
            body: body.to_bytes().to_vec(),
        });
    }
    Ok(Response::new(Empty::new()))
}

fn target(uri: &hyper::Uri) -> Vec<u8> {
    uri.path_and_query().map_or_else(Vec::new, |target| target.as_str().as_bytes().to_vec())
}

async fn read_response(bytes: &[u8]) -> Result<Answer, hyper::Error> {
    let (mut upstream, caller) = tokio::io::duplex(256 * 1024);
    // RFC 9112 §5.1: a proxy takes that space out.
    let (mut sender, connection) = client::Builder::new()
        .allow_spaces_after_header_name_in_responses(true)
        .handshake(TokioIo::new(caller))
        .await?;
    let get = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
    let call = async {
        let (head, body) = sender.send_request(get).await?.into_parts();
        let body = body.collect().await?.to_bytes().to_vec();
        Ok(Answer { status: head.status.as_u16(), fields: fields(&head.headers), body })
    };
    let answer = async {
        // It answers what it was asked, as servers do.
        let mut asked = [0; 1024];
        drop(upstream.read(&mut asked).await);
        drop(upstream.write_all(bytes).await);
        drop(upstream.shutdown().await);
        drop(upstream);
    };
    let (answer, _, ()) = tokio::join!(call, connection, answer);
    answer
}

fn fields(map: &hyper::HeaderMap) -> Vec<(Vec<u8>, Vec<u8>)> {
    map.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().into())).collect()
}
