//! Where an accepted connection wanted to go before the kernel redirected it.

use std::net::SocketAddr;

use rustix::fd::AsFd;
use rustix::net::sockopt::{ip_original_dst, ipv6_original_dst};

use crate::spec::{Inbound, Spec};

/// How a connection to the shared port reached us.
///
/// Costs a system call or two on each connection, and nothing where nothing is intercepted.
pub(crate) fn inbound<P: Spec>(stream: &tokio::net::TcpStream, listener: Inbound) -> Inbound {
    if P::INTERCEPT.is_none() || listener != Inbound::Shared {
        return listener;
    }
    let redirected = stream.local_addr().ok().and_then(|local| original(stream, local));
    redirected.map_or(listener, Inbound::Redirected)
}

/// The destination that the kernel replaced; `None` for callers that dialled us.
pub(super) fn original(stream: impl AsFd, local: SocketAddr) -> Option<SocketAddr> {
    // Without rules there is no record (ENOENT). With rules, connections that no rule touched are on
    // record too, with the address that they reached.
    let original = match local {
        SocketAddr::V4(_) => ip_original_dst(stream).ok()?.into(),
        SocketAddr::V6(_) => ipv6_original_dst(stream).ok()?.into(),
    };
    (original != local).then_some(original)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::original;

    #[test]
    fn callers_that_dial_us_are_not_redirected() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(any) else { continue };
            let address = listener.local_addr().unwrap();
            let caller = TcpStream::connect(address).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            assert_eq!(original(&accepted, accepted.local_addr().unwrap()), None);
            drop(caller);
        }
    }
}
