//! What the process gives up before it carries traffic, so that a fault in it is worth little.
//!
//! ```text
//! no_new_privs → groups, gid, uid → capabilities → files (landlock) → system calls (seccomp)
//! ```
//!
//! Each step holds for the thread that takes it and for those that it starts. So all are taken while
//! there is one thread, and workers come afterwards. The uid and the capabilities are what a policy
//! relies on: without them there is no start. Files and system calls are a second line, which old
//! kernels lack: then the start says so, and goes on.

mod calls;
mod files;
mod identity;

use std::fmt::{self, Display};
use std::io;

use rustix::process::geteuid;
use rustix::thread::set_no_new_privs;

use crate::exit::Exit;
use crate::spec::{Address, Spec, listeners};

pub(crate) use identity::raise;

/// What a policy still needs when the start is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// The uid that calls are made under.
    user: Option<u32>,
    /// Names are looked up: in `/etc/hosts`, and over UDP.
    names: bool,
    /// A port of all addresses is listened on: the kernel is asked, over UDP, which these are.
    anywhere: bool,
}

impl Needs {
    pub(crate) fn of<P: Spec>() -> Self {
        let named = |address: &Address| matches!(address, Address::Dns { .. });
        let names = P::PASSES || P::UPSTREAMS.iter().any(|upstream| named(&upstream.address));
        let anywhere = listeners::<P>().iter().any(|it| it.address.ip().is_unspecified());
        Self { user: P::USER, names, anywhere }
    }
}

/// Why the process cannot become what the policy says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfineError {
    #[error(
        "the policy says `user {user}`, and this is uid {is}; start the proxy under {user}, or as \
         root with CAP_SETUID and CAP_SETGID"
    )]
    Stranger { user: u32, is: u32 },
    #[error("{0} threads run where one should; please report this")]
    Threads(usize),
    #[error("the kernel does not let the proxy {what}: {error}")]
    Kernel { what: &'static str, error: io::Error },
}

impl ConfineError {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Stranger { .. } => Exit::NoPermission,
            Self::Threads(_) => Exit::Internal,
            Self::Kernel { .. } => Exit::Os,
        }
    }

    fn kernel<E: Into<io::Error>>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self::Kernel { what, error: error.into() }
    }
}

/// What became of it, for the operator.
#[derive(Debug)]
pub(crate) struct Confined {
    uid: u32,
    names: bool,
    /// The version of landlock that holds; or why none does.
    files: Result<String, String>,
    /// How many system calls are left; or why all are.
    calls: Result<usize, String>,
}

/// Looks whether the process may become the policy's user.
///
/// # Errors
/// That it may not.
pub(crate) fn check(user: Option<u32>) -> Result<(), ConfineError> {
    let is = geteuid().as_raw();
    match user {
        Some(user) if user != is && !identity::may_change() => {
            Err(ConfineError::Stranger { user, is })
        }
        _ => Ok(()),
    }
}

/// Gives up what the policy does not need, for good.
///
/// # Errors
/// The user or the capabilities cannot be changed, or another thread would keep them.
pub(crate) fn confine(needs: Needs) -> Result<Confined, ConfineError> {
    alone()?;
    set_no_new_privs(true).map_err(ConfineError::kernel("do without new privileges"))?;
    identity::change(needs.user)?;
    let uid = geteuid().as_raw();
    let files = files::restrict(needs.names);
    // The last step: it forbids all the others.
    let calls = calls::restrict(needs.names, needs.names || needs.anywhere);
    Ok(Confined { uid, names: needs.names, files, calls })
}

/// Another thread would keep everything. Where `/proc` is missing this cannot be known.
fn alone() -> Result<(), ConfineError> {
    match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
        Ok(threads) if threads > 1 => Err(ConfineError::Threads(threads)),
        _ => Ok(()),
    }
}

impl Display for Confined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "confined: uid {}, no capabilities, ", self.uid)?;
        let etc = if self.names { "only /etc to read" } else { "no files" };
        match &self.files {
            Ok(version) => write!(f, "{etc} (landlock {version}), ")?,
            Err(why) => write!(f, "files as the uid has them (landlock: {why}), ")?,
        }
        match &self.calls {
            Ok(count) => write!(f, "{count} system calls (seccomp)"),
            Err(why) => write!(f, "all system calls (seccomp: {why})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Confined;

    #[test]
    fn what_a_kernel_lacks_is_said() {
        let mut confined =
            Confined { uid: 7, names: true, files: Ok("7".to_owned()), calls: Ok(50) };
        assert_eq!(
            confined.to_string(),
            "confined: uid 7, no capabilities, only /etc to read (landlock 7), \
             50 system calls (seccomp)"
        );
        confined.names = false;
        assert!(confined.to_string().contains("capabilities, no files (landlock 7), 50"));
        confined.files = Err("not there".to_owned());
        confined.calls = Err("nor this".to_owned());
        assert_eq!(
            confined.to_string(),
            "confined: uid 7, no capabilities, files as the uid has them (landlock: not there), \
             all system calls (seccomp: nor this)"
        );
    }
}
