//! Callers that stay, and say nothing.

use std::time::Duration;

use super::REST;
use super::http2::LAST_PATIENCE;
use crate::testing::pieces::with_proxy;

/// The beginning of a connection of HTTP/2, with empty settings.
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0--------";
/// Enough for the proxy's settings, and not for the answers to many pings.
const LITTLE: usize = 128;

fn is_about(lasted: Duration, due: Duration) {
    assert!((due..due + Duration::from_secs(1)).contains(&lasted), "{lasted:?}, not {due:?}");
}

#[test]
fn whoever_says_nothing_is_left_in_the_end() {
    with_proxy(async |between| {
        let request: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        for (said, lasts) in [
            (&[][..], REST),
            (&[request], REST),
            // It does not answer when it is asked to leave.
            (&[HTTP2], REST + LAST_PATIENCE),
        ] {
            is_about(between.lasts(said, usize::MAX).await, lasts);
        }
    });
}

#[test]
fn whoever_does_not_read_is_left_soon() {
    with_proxy(async |between| {
        let said = [&[HTTP2][..], &[PING; 20]].concat();
        is_about(between.lasts(&said, LITTLE).await, LAST_PATIENCE);
    });
}
