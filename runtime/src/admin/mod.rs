//! The admin port: for probes, scrapers and people.
//!
//! It runs on the control thread, apart from the calls, and serves one request per connection. Who
//! speaks nonsense, slowly or not at all loses the connection and nothing else.

mod answer;
mod state;

pub(crate) use state::{Admin, Step};

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once; others wait.
const CONNECTIONS: usize = 32;

/// From the connection to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// From the connection to the end of the request head.
const HEAD_PATIENCE: Duration = Duration::from_secs(2);

/// No request to this port is longer.
const HEAD: usize = 16 * 1024;

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, admin: Arc<Admin>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&admin), place))),
            // Out of descriptors, most likely: accepting again at once would fail again.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(stream: TcpStream, admin: Arc<Admin>, _place: OwnedSemaphorePermit) {
    let service = service_fn(|request| {
        let answer = answer::to(&admin, &request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD)
        .keep_alive(false)
        // A client that has closed its side, as `nc -N` does, still wants its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever goes wrong is the client's affair.
    drop(tokio::time::timeout(PATIENCE, connection).await);
}

#[cfg(test)]
mod tests;
