//! Names that no policy knows, looked up when a call asks for them: `otherwise pass`.
//!
//! Workers ask the control thread. There a look-up outlives the call that began it: the answer of a slow
//! name server comes in time for the next one.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::{Answer, Resolve, in_use};
use crate::clock::{Clock, Moment};

/// Questions on their way to the control thread; beyond that, askers wait.
const QUEUE: usize = 256;

/// When so many look-ups are under way, those that nobody waits for any more are given up.
const UNDER_WAY: usize = 256;

/// Names whose addresses are remembered.
const KNOWN: usize = 4096;

/// A worker's way to ask.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    asks: mpsc::Sender<Ask>,
}

#[derive(Debug)]
struct Ask {
    host: String,
    reply: Reply,
}

type Reply = oneshot::Sender<Found>;
type Found = Result<Vec<IpAddr>, String>;

impl Lookup {
    /// Answers from the present runtime, for as long as anybody can ask.
    pub(crate) fn start<R: Resolve>(resolver: Arc<R>, clock: Clock) -> Self {
        let (asks, queue) = mpsc::channel(QUEUE);
        let names = Names {
            resolver,
            clock,
            known: HashMap::new(),
            asked: HashMap::new(),
            under_way: JoinSet::new(),
        };
        tokio::spawn(names.serve(queue));
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
        let host = host.to_ascii_lowercase();
        self.asks.send(Ask { host, reply }).await.map_err(|_| gone())?;
        let addresses = answer.await.map_err(|_| gone())??;
        Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
    }
}

/// An address as it stands in a URI: version 6 in brackets (RFC 3986 §3.2.2).
fn literal(host: &str) -> Option<IpAddr> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host).parse().ok()
}

/// What the control thread knows and is about to know.
struct Names<R> {
    resolver: Arc<R>,
    clock: Clock,
    /// Addresses, and until when they are used.
    known: HashMap<String, (Vec<IpAddr>, Moment)>,
    asked: HashMap<String, Question>,
    under_way: JoinSet<(String, Result<Answer, String>)>,
}

/// A name that is being looked up.
struct Question {
    replies: Vec<Reply>,
    task: AbortHandle,
}

impl<R: Resolve> Names<R> {
    async fn serve(mut self, mut queue: mpsc::Receiver<Ask>) {
        let resolver = Arc::clone(&self.resolver);
        let mut revised = pin!(resolver.revised());
        loop {
            tokio::select! {
                () = &mut revised => {
                    self.known.clear();
                    revised.set(resolver.revised());
                }
                ask = queue.recv() => match ask {
                    Some(ask) => self.ask(ask),
                    None => return,
                },
                Some(done) = self.under_way.join_next() => {
                    // An error means that it was given up.
                    if let Ok((host, found)) = done {
                        self.answer(host, found);
                    }
                }
            }
        }
    }

    fn ask(&mut self, Ask { host, reply }: Ask) {
        match self.known.get(&host) {
            Some((addresses, until)) if self.clock.now() < *until => {
                // The call may have ended right now; then nobody is interested.
                drop(reply.send(Ok(addresses.clone())));
                return;
            }
            Some(_) => drop(self.known.remove(&host)),
            None => {}
        }
        if let Some(question) = self.asked.get_mut(&host) {
            question.replies.push(reply);
            return;
        }
        if self.asked.len() >= UNDER_WAY {
            self.give_up();
        }
        let (resolver, name) = (Arc::clone(&self.resolver), host.clone());
        // Each on its own: no question waits for another one's answer.
        let task = self.under_way.spawn(async move {
            let found = resolver.resolve(&name).await;
            (name, found)
        });
        self.asked.insert(host, Question { replies: vec![reply], task });
    }

    fn answer(&mut self, host: String, found: Result<Answer, String>) {
        let Some(question) = self.asked.remove(&host) else { return };
        let found = found.and_then(in_use).map(|(addresses, fresh)| {
            self.remember(host, &addresses, self.clock.now() + fresh);
            addresses
        });
        for reply in question.replies {
            drop(reply.send(found.clone()));
        }
    }

    fn remember(&mut self, host: String, addresses: &[IpAddr], until: Moment) {
        if self.known.len() >= KNOWN {
            let now = self.clock.now();
            self.known.retain(|_, (_, until)| now < *until);
        }
        if self.known.len() < KNOWN {
            self.known.insert(host, (addresses.to_vec(), until));
        }
    }

    /// Ends the look-ups that no call waits for.
    fn give_up(&mut self) {
        self.asked.retain(|_, question| {
            let wanted = question.replies.iter().any(|reply| !reply.is_closed());
            if !wanted {
                question.task.abort();
            }
            wanted
        });
    }
}
