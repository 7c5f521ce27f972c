//! From start to exit.
//!
//! ```text
//! listeners → control runtime: signals → discovery → admin
//!           → preflight → rules → trial → workers → READY
//!           → DRAINING (still accepts) → CLOSING (finishes) → logs flushed → exit
//! ```
//!
//! The main thread is the control thread: name look-ups, the admin port and signals live there, on
//! a runtime of their own, so that none of them takes time from a call.

mod arguments;
mod capture;
mod describe;
mod drain;
mod listen;
mod start;
mod threads;

use crate::notices::Notices;
#[cfg(any(test, feature = "testing"))]
pub(crate) use listen::Ports;

use std::process::ExitCode;

use crate::exit::Exit;
use crate::proxy::Proxy;
use arguments::Task;

/// Runs a proxy until it is asked to stop. What `main` of a generated proxy is.
///
/// Exit codes follow sysexits.h: 0, 64 usage, 69 a port or a name is unavailable, 70 a fault of the
/// proxy, 71 the system, 77 a missing permission, 78 the policy does not fit this machine.
pub fn run<P: Proxy>() -> ExitCode {
    let done = match arguments::parse(std::env::args().skip(1)) {
        Ok(Task::Serve) => start::serve::<P>(),
        Ok(Task::Check) => start::check::<P>(),
        Ok(Task::Describe) => describe::print(describe::text::<P>().as_bytes()),
        Ok(Task::DescribeJson) => describe::print(P::POLICY),
        Ok(Task::Version) => describe::print(describe::version::<P>().as_bytes()),
        Ok(Task::Help) => describe::print(arguments::USAGE.as_bytes()),
        Err(unknown) => {
            let notices = Notices::of(P::SERVICE);
            notices.say(format_args!("`{unknown}` is not understood\n{}", arguments::USAGE));
            Err(Exit::Usage)
        }
    };
    done.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS)
}
