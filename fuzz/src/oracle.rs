//! What hyper's server makes of the bytes of a connection.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::{Builder, Runtime};

/// A whole request, as hyper understands it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Vec<u8>,
    /// In origin form.
    pub target: Vec<u8>,
    /// Names in lower case.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
}

/// hyper at the other end of a pipe.
pub struct Oracle {
    runtime: Runtime,
}

impl Oracle {
    pub fn new() -> Self {
        Self { runtime: Builder::new_current_thread().build().unwrap() }
    }

    /// The requests on a connection that carries these bytes and then ends. One whose body breaks
    /// off or is malformed is not among them.
    pub fn read(&self, bytes: &[u8]) -> Vec<Seen> {
        self.runtime.block_on(read(bytes))
    }
}

impl Default for Oracle {
    fn default() -> Self {
        Self::new()
    }
}

async fn read(bytes: &[u8]) -> Vec<Seen> {
    let (mut caller, server) = tokio::io::duplex(256 * 1024);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request| answer(Rc::clone(&seen), request));
    let served =
        http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
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
        let field = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec())
        };
        seen.borrow_mut().push(Seen {
            method: head.method.as_str().as_bytes().to_vec(),
            target: target(&head.uri),
            fields: head.headers.iter().map(field).collect(),
            body: body.to_bytes().to_vec(),
        });
    }
    Ok(Response::new(Empty::new()))
}

fn target(uri: &hyper::Uri) -> Vec<u8> {
    uri.path_and_query().map_or_else(Vec::new, |target| target.as_str().as_bytes().to_vec())
}
