//! Callers with a kept connection and a thread each.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;

pub(crate) struct Callers(Vec<Client>);

impl Callers {
    /// Each has made one call already, so that the proxy's own connections are there.
    pub(crate) fn connect(address: SocketAddr, path: &str, count: usize) -> Self {
        let mut callers: Vec<_> = (0..count).map(|_| connected(address, path)).collect();
        callers.iter_mut().for_each(call);
        Self(callers)
    }

    /// So many calls, as fast as they are answered.
    pub(crate) fn burst(&mut self, calls: usize) {
        let each = calls / self.0.len();
        thread::scope(|scope| {
            for client in &mut self.0 {
                scope.spawn(move || (0..each).for_each(|_| call(client)));
            }
        });
    }

    /// Calls one after the other; how long each took.
    pub(crate) fn in_turn(&mut self, time: Duration) -> Vec<Duration> {
        let client = self.0.first_mut().expect("there is one caller");
        let end = Instant::now() + time;
        let mut times = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            call(client);
            times.push(start.elapsed());
        }
        times
    }

    /// So many calls a second, evenly spread; how long each took.
    ///
    /// A call that is late because the one before it took long has waited since it was due.
    pub(crate) fn paced(&mut self, rate: u32, time: Duration) -> Vec<Duration> {
        let between = Duration::from_secs(1) * self.0.len() as u32 / rate;
        let start = Instant::now() + Duration::from_millis(5);
        let calls = (time.as_nanos() / between.as_nanos()) as u32;
        let step = between / self.0.len() as u32;
        thread::scope(|scope| {
            let threads: Vec<_> = (self.0.iter_mut().enumerate())
                .map(|(at, client)| {
                    let first = start + step * at as u32;
                    scope.spawn(move || {
                        (0..calls).map(|n| due(client, first + between * n)).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|it| it.join().expect("a caller failed")).collect()
        })
    }
}

/// One call at that time.
fn due(client: &mut Client, due: Instant) -> Duration {
    let wait = due.saturating_duration_since(Instant::now());
    let start = if wait.is_zero() {
        due
    } else {
        thread::sleep(wait);
        Instant::now()
    };
    call(client);
    start.elapsed()
}

fn connected(address: SocketAddr, path: &str) -> Client {
    Client::connect(address, path).unwrap_or_else(|error| panic!("{address}: {error}"))
}

fn call(client: &mut Client) {
    match client.call() {
        Ok(200) => {}
        other => panic!("not an answer of the origin: {other:?}"),
    }
}
