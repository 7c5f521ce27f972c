//! The system calls of a proxy that has started. All others fail with EPERM (seccomp).
//!
//! They fail instead of killing: a C library that tries something new, or a panic that looks for
//! its symbols, costs nobody a connection. What an intruder would want, programs and other kinds of
//! sockets, is refused either way.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter_all_threads,
};

/// Bytes on sockets, and standard output and error.
const BYTES: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Connections; `socket` and `ioctl` are looked at more closely.
const SOCKETS: &[c_long] = &[
    libc::SYS_accept4,
    libc::SYS_close,
    libc::SYS_connect,
    libc::SYS_fcntl,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
];

/// Tunnels: bytes that go from socket to socket within the kernel.
const TUNNELS: &[c_long] = &[libc::SYS_pipe2, libc::SYS_splice];

/// What tokio's runtimes wait with.
const EVENTS: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// Memory.
const MEMORY: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
];

/// Threads, from start to end; `clone`, `prctl` and `tgkill` are looked at more closely.
const THREADS: &[c_long] = &[
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_membarrier,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
];

/// Signals.
const SIGNALS: &[c_long] = &[
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
];

/// Time and chance. Mostly they are asked for without a system call.
const CHANCE: &[c_long] = &[
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
];

/// `/etc/hosts`.
const NAMES: &[c_long] =
    &[libc::SYS_fstat, libc::SYS_lseek, libc::SYS_newfstatat, libc::SYS_openat, libc::SYS_statx];

/// UDP: name servers are asked from a port of chance, the kernel for the addresses of this machine.
const DATAGRAMS: &[c_long] = &[libc::SYS_bind];

/// One number on all machines that have such filters; C libraries do not agree on its type.
const FIONBIO: u64 = 0x5421;

/// How many are left.
pub(super) fn restrict(names: bool, datagrams: bool) -> Result<usize, String> {
    let allowed = allowed(names, datagrams).map_err(|error| error.to_string())?;
    let count = allowed.len();
    // The C library falls back to `clone`, whose flags can be seen, if the kernel says that there is
    // no `clone3`. Of two filters the one that refuses counts.
    let missing = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let filters = [
        (missing, SeccompAction::Allow, errno(libc::ENOSYS)),
        (allowed, errno(libc::EPERM), SeccompAction::Allow),
    ];
    for (rules, otherwise, then) in filters {
        apply(rules, otherwise, then).map_err(|error| why(&error))?;
    }
    Ok(count)
}

fn apply(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    then: SeccompAction,
) -> Result<(), seccompiler::Error> {
    let machine = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, otherwise, then, machine)?;
    apply_filter_all_threads(&BpfProgram::try_from(filter)?)
}

/// What the kernel says, where it is the kernel that says it.
fn why(error: &seccompiler::Error) -> String {
    match error {
        seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => error.to_string(),
        other => other.to_string(),
    }
}

const fn errno(number: c_int) -> SeccompAction {
    SeccompAction::Errno(number.cast_unsigned())
}

fn allowed(
    names: bool,
    datagrams: bool,
) -> Result<BTreeMap<c_long, Vec<SeccompRule>>, BackendError> {
    let plain = [BYTES, SOCKETS, TUNNELS, EVENTS, MEMORY, THREADS, SIGNALS, CHANCE];
    let named = if names { NAMES } else { &[] };
    let bound = if datagrams { DATAGRAMS } else { &[] };
    let calls = plain.iter().copied().flatten().chain(named).chain(bound);
    let mut rules: BTreeMap<_, _> = calls.map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_socket, sockets(datagrams)?);
    let own = std::process::id();
    for (call, argument) in [
        // A thread of this process, not another process.
        (libc::SYS_clone, with(0, libc::CLONE_THREAD)?),
        // The standard library's way to sockets that do not block.
        (libc::SYS_ioctl, is(1, FIONBIO)?),
        // A thread's name.
        (libc::SYS_prctl, is(0, u64::from(libc::PR_SET_NAME.cast_unsigned()))?),
        // `abort`: a signal to ourselves.
        (libc::SYS_tgkill, is(0, u64::from(own))?),
    ] {
        rules.insert(call, vec![SeccompRule::new(vec![argument])?]);
    }
    // To be overruled: see `restrict`.
    rules.insert(libc::SYS_clone3, Vec::new());
    Ok(rules)
}

/// TCP of both families, and UDP if it is needed.
fn sockets(datagrams: bool) -> Result<Vec<SeccompRule>, BackendError> {
    /// The other bits are flags.
    const KIND: c_int = 0xf;
    let kinds: &[_] =
        if datagrams { &[libc::SOCK_STREAM, libc::SOCK_DGRAM] } else { &[libc::SOCK_STREAM] };
    let families = [libc::AF_INET, libc::AF_INET6];
    let pairs = families.iter().flat_map(|family| kinds.iter().map(move |kind| (*family, *kind)));
    pairs
        .map(|(family, kind)| {
            SeccompRule::new(vec![
                is(0, u64::from(family.cast_unsigned()))?,
                masked(1, KIND, kind)?,
            ])
        })
        .collect()
}

/// The argument is that number.
fn is(index: u8, number: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, number)
}

/// The argument has that flag.
fn with(index: u8, flag: c_int) -> Result<SeccompCondition, BackendError> {
    masked(index, flag, flag)
}

/// Those bits of the argument are these.
fn masked(index: u8, mask: c_int, bits: c_int) -> Result<SeccompCondition, BackendError> {
    let (mask, bits) = (u64::from(mask.cast_unsigned()), u64::from(bits.cast_unsigned()));
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), bits)
}
