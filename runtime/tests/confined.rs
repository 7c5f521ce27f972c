//! What a proxy can still do when it has started: its own calls are where somebody else's code
//! would run, so they try it.
//!
//! This program is both sides. Told so by its environment it is the proxy; otherwise it starts
//! itself as one, makes a call, and reads what came of the attempts.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test, though clippy cannot tell without a harness"
)]

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode, Stdio};

use amb_runtime::prelude::*;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, Signal, Uid};

const AS_PROXY: &str = "AMB_TEST_AS_PROXY";

fn main() -> ExitCode {
    match std::env::var(AS_PROXY).as_deref() {
        Ok("named") => return amb_runtime::run::<Tries<true>>(),
        Ok(_) => return amb_runtime::run::<Tries<false>>(),
        Err(_) => {}
    }
    // Asked which tests there are: this is one, without a name.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    check("nameless", &[]);
    check("named", &["udp", "read hosts"]);
    ExitCode::SUCCESS
}

/// Tries what is forbidden, and some of what is not, when it is called.
struct Tries<const NAMED: bool>;

struct Done;

impl ReplyPolicy for Done {
    const STATUS: u16 = 200;
    const BODY: &'static str = "tried";
}

impl<const NAMED: bool> Spec for Tries<NAMED> {
    const SERVICE: &'static str = "tries";
    const WORKERS: Workers = Workers::Exactly(2);
    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 0);
    const UPSTREAMS: &'static [UpstreamSpec] = &[];
    const ROUTES: &'static [RouteSpec] = &[RouteSpec::new("", "otherwise")];
    const OBSERVE: Observe = Observe { metrics: false, access_log: None, admin: None };
    const PASSES: bool = NAMED;
    const POLICY: &'static [u8] = b"{}";
}

impl<const NAMED: bool> Proxy for Tries<NAMED> {
    type Route = usize;

    const OTHERWISE: usize = 0;

    fn route(_: &RequestHead<'_>, _: Inbound) -> usize {
        0
    }

    fn index(route: usize) -> usize {
        route
    }

    async fn call<N: Net>(_: usize, call: &mut Call<'_, N>) -> Outcome<N> {
        try_all();
        Respond::<Done>::call(call).await
    }

    async fn tunnel<N: Net>(_: usize, opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        Reject::open(opening).await
    }
}

type Attempt = (&'static str, fn() -> io::Result<()>);

const ATTEMPTS: [Attempt; 15] = [
    // What a proxy is for.
    ("tcp", || {
        let refused = TcpStream::connect("127.0.0.1:1").unwrap_err();
        if refused.kind() == io::ErrorKind::ConnectionRefused { Ok(()) } else { Err(refused) }
    }),
    ("thread", || {
        let thread = std::thread::Builder::new().spawn(|| {})?;
        thread.join().map_err(|_| io::ErrorKind::Other.into())
    }),
    ("pipe", || io::pipe().map(drop)),
    // What only looking up names needs.
    ("udp", || UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("read hosts", || File::open("/etc/hosts").map(drop)),
    // What nobody needs.
    ("read", || File::open("/proc/self/maps").map(drop)),
    ("write", || File::create(std::env::temp_dir().join("amb-test-forbidden")).map(drop)),
    ("remove", || fs::remove_file("/etc/hosts")),
    ("execute", || Err(Command::new("/bin/true").exec())),
    ("program", || Command::new("/bin/true").spawn().map(drop)),
    ("listen", || TcpListener::bind("127.0.0.1:0").map(drop)),
    // Nothing but the filter is in the way of this one.
    ("unix", || Ok(rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).map(drop)?)),
    ("packet", || Ok(rustix::net::socket(AddressFamily::PACKET, SocketType::RAW, None).map(drop)?)),
    ("signal", || Ok(rustix::process::kill_process(Pid::INIT, Signal::TERM)?)),
    ("setuid", || Ok(rustix::thread::set_thread_uid(Uid::from_raw(12345))?)),
];

fn try_all() {
    for (name, attempt) in ATTEMPTS {
        let came = attempt().err().map_or_else(|| "done".to_owned(), |error| error.to_string());
        eprintln!("{name}: {came}");
    }
}

/// Ends with the check, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Exactly these, and what every proxy does, can be done.
fn check(which: &str, besides: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(AS_PROXY, which).stdin(Stdio::null()).stdout(Stdio::null());
    let mut proxy = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(proxy.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.by_ref().take_while(|line| line != "amb tries: READY").collect();
    let confined = said.last().unwrap();
    assert!(confined.contains("no capabilities"), "{said:#?}");
    // Where the kernel lacks something the start says so; a machine that tests proxies has it.
    assert!(confined.contains("(landlock ") && confined.contains("(seccomp)"), "{confined}");

    state(proxy.0.id());
    let port = said.iter().find_map(|line| line.strip_prefix("amb tries: listening on ")).unwrap();
    let mut caller = TcpStream::connect(port).unwrap();
    caller.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    for (name, _) in ATTEMPTS {
        let line = lines.next().unwrap();
        let came = line.strip_prefix(name).unwrap().strip_prefix(": ").unwrap();
        let may = ["tcp", "thread", "pipe"].contains(&name) || besides.contains(&name);
        let refused = came.contains("not permitted") || came.contains("denied");
        assert!(if may { came == "done" } else { refused }, "{which}: {line}");
    }
}

/// No thread has kept anything.
fn state(process: u32) {
    let mut threads = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        let is = |line: &str| assert!(status.lines().any(|it| it == line), "{line}\n{status}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            is(&format!("{set}:\t0000000000000000"));
        }
        is("NoNewPrivs:\t1");
        is("Seccomp:\t2");
        threads += 1;
    }
    assert_eq!(threads, 3, "the control thread and two workers");
}
