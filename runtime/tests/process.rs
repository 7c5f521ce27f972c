//! A proxy as a process: flags, start, admin port, signals, exit codes.
//!
//! This program is both sides. Told so by its environment it is the proxy, with the arguments that
//! a generated one would get; otherwise it starts itself as one and watches.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test, though clippy cannot tell without a harness"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use amb_runtime::prelude::*;
use rustix::fs::{Mode, OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{fcntl_setpipe_size, pipe};
use rustix::process::{Pid, Signal, kill_process};

const AS_PROXY: &str = "AMB_TEST_AS_PROXY";

fn main() -> ExitCode {
    if std::env::var_os(AS_PROXY).is_some() {
        return amb_runtime::run::<Web>();
    }
    // Asked which tests there are: this is one, without a name.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    flags_are_answered_without_a_start();
    calls_are_served_and_logged_and_a_signal_stops_the_proxy();
    the_admin_port_stops_the_proxy();
    a_second_signal_closes_what_the_first_left_open();
    a_lost_terminal_stops_the_proxy_like_any_signal();
    a_full_standard_error_stops_nothing();
    a_standard_output_that_does_not_wait_gets_every_line();
    a_line_for_an_output_that_is_full_or_closed_is_counted_and_told();
    an_error_output_that_is_full_ends_nothing();
    ExitCode::SUCCESS
}

/// Answers every call itself.
struct Web;

struct Gone;

impl ReplyPolicy for Gone {
    const STATUS: u16 = 410;
    const BODY: &'static str = "gone";
}

impl Spec for Web {
    const SERVICE: &'static str = "web";
    const WORKERS: Workers = Workers::Exactly(2);
    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 0);
    const UPSTREAMS: &'static [UpstreamSpec] = &[];
    const ROUTES: &'static [RouteSpec] = &[RouteSpec::new("", "otherwise")];
    const OBSERVE: Observe = Observe {
        metrics: true,
        access_log: Some(AccessLog {
            sample: percent(100),
            when: |_| true,
            headers: &[],
            redact: &[],
        }),
        admin: Some(v4([127, 0, 0, 1], 0)),
    };
    const POLICY: &'static [u8] = b"{\"amb-policy\":1,\"plan\":\"all is gone\\n\"}\n";
}

impl Proxy for Web {
    type Route = usize;

    const OTHERWISE: usize = 0;

    fn route(_: &RequestHead<'_>, _: Inbound) -> usize {
        0
    }

    fn index(route: usize) -> usize {
        route
    }

    async fn call<N: Net>(_: usize, call: &mut Call<'_, N>) -> Outcome<N> {
        Respond::<Gone>::call(call).await
    }

    async fn tunnel<N: Net>(_: usize, opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        Reject::open(opening).await
    }
}

/// A proxy that is ready.
struct Running {
    process: Child,
    stderr: BufReader<ChildStderr>,
    port: String,
    admin: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(AS_PROXY, "1").args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Running {
    fn start() -> Self {
        Self::start_with(command(&[]))
    }

    fn start_with(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let port = line().strip_prefix("amb web: listening on ").unwrap().to_owned();
        let mut next = line();
        if next.starts_with("amb web: no name servers") {
            next = line();
        }
        let admin = next.strip_prefix("amb web: admin on ").unwrap().to_owned();
        assert!(line().starts_with("amb web: confined: uid "));
        assert_eq!(line(), "amb web: READY");
        Self { process, stderr, port, admin }
    }

    /// Nobody reads what it says, and there is no room for more.
    fn fill_stderr(&self) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        let path = format!("/proc/{}/fd/2", self.process.id());
        let pipe = rustix::fs::open(path, flags, Mode::empty()).unwrap();
        while rustix::io::write(&pipe, b"\n") != Err(Errno::AGAIN) {}
    }

    fn signal(&self) {
        self.send(Signal::TERM);
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Exit code and what was said until then.
    fn wait(mut self) -> (Option<i32>, String, String) {
        let (mut said, mut logged) = (String::new(), String::new());
        self.stderr.read_to_string(&mut said).unwrap();
        self.process.stdout.take().unwrap().read_to_string(&mut logged).unwrap();
        (self.process.wait().unwrap().code(), said, logged)
    }
}

/// Everything that comes back for one request.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("{request} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn flags_are_answered_without_a_start() {
    let rows = [
        (&["--version"][..], 0, "web ambassador, amb 0.1.0\n"),
        (&["--describe"], 0, "web ambassador, amb 0.1.0\n\nall is gone\n"),
        (&["--describe", "--json"], 0, "{\"amb-policy\":1,\"plan\":\"all is gone\\n\"}\n"),
        (&["--check"], 0, ""),
        (&["--port", "80"], 64, ""),
    ];
    for (arguments, code, expect) in rows {
        let Output { status, stdout, stderr } = command(arguments).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(String::from_utf8(stdout).unwrap(), expect, "{arguments:?}");
        assert_eq!(said.contains("`--port` is not understood"), code == 64, "{said}");
        let free = said.starts_with("amb web: ports: 127.0.0.1:")
            && said.contains(" for admin can be had");
        assert_eq!(free, arguments == ["--check"], "{said}");
    }
}

fn calls_are_served_and_logged_and_a_signal_stops_the_proxy() {
    let proxy = Running::start();
    assert!(ask(&proxy.admin, "GET /ready").ends_with("\r\n\r\nready\n"));
    let answer = ask(&proxy.port, "GET /a");
    assert!(answer.starts_with("HTTP/1.1 410") && answer.ends_with("\r\n\r\ngone"), "{answer}");
    proxy.signal();
    let (code, said, logged) = proxy.wait();
    assert_eq!((code, said.as_str()), (Some(0), "amb web: draining: SIGTERM\namb web: stopped\n"));
    let line: serde_json::Value = serde_json::from_str(&logged).unwrap();
    assert_eq!((&line["path"], &line["status"]), (&"/a".into(), &410.into()));
}

fn the_admin_port_stops_the_proxy() {
    let proxy = Running::start();
    assert!(ask(&proxy.admin, "POST /quit").starts_with("HTTP/1.1 202"));
    let (code, said, _) = proxy.wait();
    assert_eq!((code, said.as_str()), (Some(0), "amb web: draining: /quit\namb web: stopped\n"));
}

fn a_lost_terminal_stops_the_proxy_like_any_signal() {
    let proxy = Running::start();
    proxy.send(Signal::HUP);
    let (code, said, _) = proxy.wait();
    assert_eq!((code, said.as_str()), (Some(0), "amb web: draining: SIGHUP\namb web: stopped\n"));
    // Told to ignore it, as by `nohup`, it does.
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$0\""]).arg(std::env::current_exe().unwrap());
    ignoring.env(AS_PROXY, "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let proxy = Running::start_with(ignoring);
    proxy.send(Signal::HUP);
    assert!(ask(&proxy.port, "GET /a").starts_with("HTTP/1.1 410"));
    proxy.signal();
    let (code, said, _) = proxy.wait();
    assert_eq!((code, said.as_str()), (Some(0), "amb web: draining: SIGTERM\namb web: stopped\n"));
}

fn a_second_signal_closes_what_the_first_left_open() {
    let mut proxy = Running::start();
    let _caller = half_a_request(&proxy);
    proxy.signal();
    assert_eq!(proxy.line(), "amb web: draining: SIGTERM");
    assert!(ask(&proxy.admin, "GET /ready").ends_with("draining\n"));
    // Still in use while it drains.
    assert!(ask(&proxy.port, "GET /b").starts_with("HTTP/1.1 410"));
    let start = Instant::now();
    proxy.signal();
    let (code, said, _) = proxy.wait();
    assert_eq!(code, Some(0));
    assert!(said.starts_with("amb web: closing: SIGTERM\namb web: stopped"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// A call that is neither complete nor idle.
fn half_a_request(proxy: &Running) -> TcpStream {
    let mut caller = TcpStream::connect(&proxy.port).unwrap();
    caller.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    while !ask(&proxy.admin, "GET /metrics").contains("\namb_connections 1\n") {}
    caller
}

fn a_full_standard_error_stops_nothing() {
    let proxy = Running::start();
    let caller = half_a_request(&proxy);
    proxy.fill_stderr();
    proxy.signal();
    while !ask(&proxy.admin, "GET /ready").ends_with("draining\n") {}
    let metrics = ask(&proxy.admin, "GET /metrics");
    assert!(metrics.contains("\namb_notices_dropped_total 1\n"), "{metrics}");
    drop(caller);
    let mut process = proxy.process;
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

fn a_standard_output_that_does_not_wait_gets_every_line() {
    const CALLS: usize = 100;
    let (read, write) = pipe().unwrap();
    // Room for a few lines, and whoever writes more is told to come again.
    fcntl_setpipe_size(&write, 4096).unwrap();
    fcntl_setfl(&write, OFlags::NONBLOCK).unwrap();
    let mut command = command(&[]);
    command.stdout(write);
    let proxy = Running::start_with(command);
    for call in 0..CALLS {
        assert!(ask(&proxy.port, &format!("GET /{call}")).starts_with("HTTP/1.1 410"));
    }
    proxy.signal();
    let mut logged = String::new();
    std::fs::File::from(read).read_to_string(&mut logged).unwrap();
    let lines = logged.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(lines.count(), CALLS);
    let mut process = proxy.process;
    assert_eq!(process.wait().unwrap().code(), Some(0));
}

/// The proxy, as a shell starts it.
fn by_shell(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).args(arguments);
    command.env(AS_PROXY, "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn a_line_for_an_output_that_is_full_or_closed_is_counted_and_told() {
    let file = std::env::temp_dir().join(format!("amb-full-{}", std::process::id()));
    let rows = [
        ("exec \"$0\" >&-", "Bad file descriptor"),
        ("exec \"$0\" > /dev/full", "No space left on device"),
        ("ulimit -f 0; exec \"$0\" > \"$FILE\"", "File too large"),
    ];
    for (script, why) in rows {
        let mut command = by_shell(script, &[]);
        command.env("FILE", &file);
        let mut proxy = Running::start_with(command);
        assert!(ask(&proxy.port, "GET /a").starts_with("HTTP/1.1 410"), "{script}");
        let said = proxy.line();
        assert!(said.starts_with("amb web: access log: lines are lost"), "{said}");
        assert!(said.contains(why), "{said}");
        let metrics = ask(&proxy.admin, "GET /metrics");
        assert!(metrics.contains("\namb_access_log_dropped_total 1\n"), "{script}: {metrics}");
        proxy.signal();
        assert_eq!(proxy.process.wait().unwrap().code(), Some(0), "{script}");
    }
    std::fs::remove_file(file).unwrap();
}

fn an_error_output_that_is_full_ends_nothing() {
    let file = std::env::temp_dir().join(format!("amb-full-error-{}", std::process::id()));
    let mut check = by_shell("ulimit -f 0; exec \"$0\" \"$1\" 2> \"$FILE\"", &["--check"]);
    assert_eq!(check.env("FILE", &file).status().unwrap().code(), Some(0));
    assert_eq!(std::fs::read(&file).unwrap(), b"");
    std::fs::remove_file(file).unwrap();
}
