//! Want of the proxy's own: descriptors, ports, memory. No upstream is to blame for it, and no caller.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::{Net, Worker};
use crate::failure::Kind;
use crate::net::ConnectError;

/// What goes on is not told again for so long.
const SILENCE: Duration = Duration::from_secs(60);

impl<N: Net> Worker<N> {
    /// What a connect that failed is called; a want is told.
    pub(crate) fn connect_failed(&self, error: ConnectError) -> Kind {
        if let ConnectError::Want(want) = &error {
            self.tell_want("connect to an upstream", want);
        }
        error.into()
    }

    /// Tells the operator what cannot be done any more.
    pub(crate) fn tell_want(&self, what: &str, want: &io::Error) {
        let (now, told) = (self.clock().now(), self.want_told.get());
        if told.is_some_and(|told| now - told < SILENCE) {
            return;
        }
        self.want_told.set(Some(now));
        if let Some(notices) = self.notices {
            notices.say(format_args!("cannot {what}: {want}; {}", remedy(want)));
        }
    }
}

fn remedy(want: &io::Error) -> &'static str {
    match Errno::from_io_error(want) {
        Some(Errno::MFILE) => "allow the process more file descriptors (ulimit -n, LimitNOFILE)",
        Some(Errno::NFILE) => "allow the machine more file descriptors (fs.file-max)",
        Some(Errno::ADDRNOTAVAIL) => "allow more local ports (net.ipv4.ip_local_port_range)",
        _ => "the machine has too little memory for sockets",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_want_has_its_remedy() {
        for (errno, word) in [
            (Errno::MFILE, "LimitNOFILE"),
            (Errno::NFILE, "file-max"),
            (Errno::ADDRNOTAVAIL, "ip_local_port_range"),
            (Errno::NOBUFS, "memory"),
        ] {
            assert!(remedy(&io::Error::from(errno)).contains(word));
        }
    }
}
