//! What a proxy tells its operator: lines on standard error.
//!
//! Whoever tells something waits for nobody: a line that standard error does not take at once is lost, and
//! counted. The next one that it takes says so.

use std::fmt::{self, Arguments, Write as _};
use std::io::stderr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fstat, makedev, open};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

/// The longest line: a pipe takes so much as a whole or not at all (pipe(7), PIPE_BUF).
const LINE: usize = 4096;

static STDERR: LazyLock<Stderr> = LazyLock::new(Stderr::look);

/// Lines that were lost since the start.
pub(crate) fn lost() -> u64 {
    STDERR.lost.load(Ordering::Relaxed)
}

/// Was an output closed when the process started? The standard library has put `/dev/null` in its place,
/// opened to be read as well, as nobody opens it to write to. To be asked before files are out of reach.
pub(crate) fn was_closed(output: impl AsFd) -> bool {
    let null = fstat(&output).is_ok_and(|stat| stat.st_rdev == makedev(1, 3));
    let read = fcntl_getfl(&output).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    null && read
}

/// Writes lines that say which service's ambassador speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notices {
    service: &'static str,
}

impl Notices {
    pub(crate) const fn of(service: &'static str) -> Self {
        Self { service }
    }

    /// One line, written at once, so that lines of several threads do not mix.
    pub(crate) fn say(self, what: Arguments<'_>) {
        let (told, lost) = (STDERR.told.load(Ordering::Relaxed), lost());
        if lost > told && self.write(format_args!("{} lines were lost here", lost - told)) {
            STDERR.told.fetch_max(lost, Ordering::Relaxed);
        }
        if !self.write(what) {
            STDERR.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write(self, what: Arguments<'_>) -> bool {
        let mut line = Line { bytes: [0; LINE], length: 0 };
        // A line takes whatever it is given; what cannot show itself is not shown.
        let _ = write!(line, "amb {}: {what}", self.service);
        STDERR.write(line.ended())
    }
}

/// Standard error, however it is connected.
#[derive(Debug)]
struct Stderr {
    way: Way,
    lost: AtomicU64,
    /// Lines that were lost, and are known to be.
    told: AtomicU64,
}

/// How to write without waiting. That an open file never waits is a flag which all its users share, and
/// others may not expect it, so the flag stays as it is.
#[derive(Debug)]
enum Way {
    /// A pipe, opened once more.
    Own(OwnedFd),
    Socket,
    /// A file, a terminal; a pipe of somebody who does not let us open it.
    Asked,
    None,
}

impl Stderr {
    /// To be called before files are out of reach.
    fn look() -> Self {
        let way = match fstat(stderr()).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Fifo) => {
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                open("/proc/self/fd/2", flags, Mode::empty()).map_or(Way::Asked, Way::Own)
            }
            Ok(FileType::Socket) => Way::Socket,
            _ if was_closed(stderr()) => Way::None,
            _ => Way::Asked,
        };
        Self { way, lost: AtomicU64::new(0), told: AtomicU64::new(0) }
    }

    /// False if the line is lost.
    fn write(&self, line: &[u8]) -> bool {
        let written = match &self.way {
            Way::Own(pipe) => rustix::io::write(pipe, line),
            Way::Socket => send(stderr(), line, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
            Way::Asked => match takes_some() {
                true => rustix::io::write(stderr(), line),
                false => Err(Errno::AGAIN),
            },
            Way::None => Err(Errno::BADF),
        };
        written == Ok(line.len())
    }
}

fn takes_some() -> bool {
    let stderr = stderr();
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
    poll(&mut asked, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

/// A line in the making; what is too long is cut.
struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Line {
    fn ended(&mut self) -> &[u8] {
        // There is room left for it.
        if let Some(end) = self.bytes.get_mut(self.length) {
            *end = b'\n';
        }
        self.bytes.get(..=self.length).unwrap_or_default()
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LINE - 1 - self.length;
        let text = text.as_bytes().get(..text.len().min(room)).unwrap_or_default();
        if let Some(to) = self.bytes.get_mut(self.length..self.length + text.len()) {
            to.copy_from_slice(text);
            self.length += text.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_a_pipe_would_take_it_in_parts() {
        let mut line = Line { bytes: [0; LINE], length: 0 };
        write!(line, "a{}", "b".repeat(LINE)).unwrap();
        let ended = line.ended();
        assert_eq!((ended.len(), ended.last()), (LINE, Some(&b'\n')));
    }
}
