//! Names that no policy knows, looked up when a call asks for them: `otherwise pass`.
//!
//! Workers ask the control thread, whose resolver keeps answers for as long as their TTL allows.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Resolve, reach};

/// Questions on their way to the control thread; beyond that, askers wait.
const QUEUE: usize = 256;

/// A worker's way to ask.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    asks: mpsc::Sender<Ask>,
}

#[derive(Debug)]
struct Ask {
    host: String,
    reply: oneshot::Sender<Result<Vec<IpAddr>, String>>,
}

impl Lookup {
    /// Answers from the present runtime, for as long as anybody can ask.
    pub(crate) fn start<R: Resolve>(resolver: Arc<R>) -> Self {
        let (asks, queue) = mpsc::channel(QUEUE);
        tokio::spawn(serve(queue, resolver));
        Self { asks }
    }

    /// The addresses of a name, or the address that `host` is.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Some(ip) = literal(host) {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let (reply, answer) = oneshot::channel();
        let gone = || "the proxy is stopping".to_owned();
        self.asks.send(Ask { host: host.to_owned(), reply }).await.map_err(|_| gone())?;
        let addresses = answer.await.map_err(|_| gone())??;
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

/// An address as it stands in a URI: version 6 in brackets (RFC 3986 §3.2.2).
fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

async fn serve<R: Resolve>(mut queue: mpsc::Receiver<Ask>, resolver: Arc<R>) {
    while let Some(ask) = queue.recv().await {
        // Each on its own: no question waits for another one's answer.
        tokio::spawn(answer(ask, Arc::clone(&resolver)));
    }
}

async fn answer<R: Resolve>(mut ask: Ask, resolver: Arc<R>) {
    let found = tokio::select! {
        found = resolver.resolve(&ask.host) => found,
        // The call has ended meanwhile.
        () = ask.reply.closed() => return,
    };
    // It may also end right now; then nobody is interested.
    drop(ask.reply.send(found.map(|answer| reach::usable(&answer.addresses))));
}
