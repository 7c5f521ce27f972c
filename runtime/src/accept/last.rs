//! The last callers of a listener.
//!
//! Closing a listener resets whoever is on the way: those that wait to be accepted, and those in the
//! middle of the handshake. So it is closed to newcomers first.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use socket2::{SockFilter, SockRef};

/// A handshake that has begun is over by then, on this machine or in this rack. Whoever comes meanwhile
/// hears nothing, and asks again after a second.
const HANDSHAKE: Duration = Duration::from_millis(200);

/// Drops segments that open a connection: those with SYN and without ACK (bpf(4), on a TCP header).
const NO_NEWCOMERS: [SockFilter; 5] = [
    // ldb [13]
    SockFilter::new(0x30, 0, 0, 13),
    // and #(SYN | ACK)
    SockFilter::new(0x54, 0, 0, 0x12),
    // jeq #SYN, 0, 1
    SockFilter::new(0x15, 0, 1, 0x02),
    // ret #0
    SockFilter::new(0x06, 0, 0, 0),
    // ret #-1
    SockFilter::new(0x06, 0, 0, u32::MAX),
];

/// Hands over everybody who got through, then closes.
pub(super) async fn callers(listener: TcpListener, mut welcome: impl FnMut(TcpStream)) {
    // A system that refuses it closes a little less well.
    let closed_to_newcomers = SockRef::from(&listener).attach_filter(&NO_NEWCOMERS).is_ok();
    let mut accept = || {
        while let Ok((stream, _)) = listener.accept() {
            welcome(stream);
        }
    };
    accept();
    if closed_to_newcomers {
        tokio::time::sleep(HANDSHAKE).await;
        accept();
    }
}
