//! The demo's payment service: it does as it is told, and writes down what it sees.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A service on a port of its own.
pub(super) struct Upstream {
    plan: Arc<Mutex<Plan>>,
    seen: Receiver<Instant>,
}

/// The statuses to answer with: first these, in order, then always that one.
struct Plan {
    next: Vec<u16>,
    then: u16,
}

impl Upstream {
    pub(super) fn start(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let plan = Arc::new(Mutex::new(Plan { next: Vec::new(), then: 200 }));
        let (sender, seen) = channel();
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (plan, sender) = (Arc::clone(&shared), sender.clone());
                std::thread::spawn(move || {
                    // A caller that closes its connection ends this thread, as it should.
                    let arrived = || sender.send(Instant::now()).is_ok();
                    drop(serve(&stream, &plan, arrived));
                });
            }
        });
        Ok(Self { plan, seen })
    }

    /// From now on: these statuses, then always `then`.
    pub(super) fn answer(&self, next: &[u16], then: u16) {
        let mut plan = lock(&self.plan);
        plan.next = next.iter().rev().copied().collect();
        plan.then = then;
    }

    /// When requests arrived since the last time this was asked.
    pub(super) fn arrivals(&self) -> Vec<Instant> {
        self.seen.try_iter().collect()
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(
    stream: &TcpStream,
    plan: &Mutex<Plan>,
    arrived: impl Fn() -> bool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(length) = read_head(&mut reader)? {
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        arrived();
        let status = {
            let mut plan = lock(plan);
            plan.next.pop().unwrap_or(plan.then)
        };
        let mut writer = stream;
        let answer = format!("HTTP/1.1 {status} Demo\r\ncontent-length: 0\r\n\r\n");
        writer.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Reads a request head. Returns the length of its body, or none at the end of the connection.
fn read_head(reader: &mut impl BufRead) -> std::io::Result<Option<u64>> {
    let mut length = 0;
    let mut line = String::new();
    let mut any = false;
    while reader.read_line(&mut line)? > 0 {
        let text = line.trim_end().to_ascii_lowercase();
        if text.is_empty() {
            return Ok(any.then_some(length));
        }
        if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        any = true;
        line.clear();
    }
    Ok(None)
}
