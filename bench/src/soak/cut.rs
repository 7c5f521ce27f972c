//! How a connection goes wrong, and where.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One seed for all: each connection draws a generator of its own.
pub(crate) struct Random(Mutex<Pcg64Mcg>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Pcg64Mcg::seed_from_u64(seed)))
    }

    pub(crate) fn fork(&self) -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(self.0.lock().unwrap().random())
    }
}

/// What an end does once it has had enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Reset,
    Close,
    /// No more from here; what comes is read to its end.
    HalfClose,
    /// Silence for so long, then a close.
    Stall(Duration),
}

impl Cut {
    pub(crate) fn draw(random: &mut impl Rng) -> Self {
        match random.random_range(0..4_u32) {
            0 => Self::Reset,
            1 => Self::Close,
            2 => Self::HalfClose,
            _ => Self::Stall(Duration::from_millis(random.random_range(1..2_500))),
        }
    }

    pub(crate) async fn make(self, mut stream: TcpStream) {
        match self {
            Self::Reset => drop(stream.set_zero_linger()),
            Self::Close => {}
            Self::HalfClose => {
                if stream.shutdown().await.is_ok() {
                    read_to_end(&mut stream).await;
                }
            }
            Self::Stall(time) => tokio::time::sleep(time).await,
        }
    }
}

/// Reads until the end, an error, or three seconds without either.
pub(crate) async fn read_to_end(stream: &mut TcpStream) {
    let mut buffer = [0; 16 * 1024];
    let end = async { while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
    drop(tokio::time::timeout(Duration::from_secs(3), end).await);
}

/// Writes in pieces, as segments come.
pub(crate) async fn write(
    stream: &mut TcpStream,
    mut bytes: &[u8],
    random: &mut impl Rng,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let size = random.random_range(1..=bytes.len());
        let (piece, rest) = bytes.split_at(size);
        // Who does not read is not waited for longer than the proxy would wait.
        let written = tokio::time::timeout(Duration::from_secs(5), stream.write_all(piece));
        written.await.map_err(|_| io::ErrorKind::TimedOut)??;
        bytes = rest;
        tokio::task::yield_now().await;
    }
    Ok(())
}
