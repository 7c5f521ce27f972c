//! The demo's application: it makes calls and knows nothing of retries or breakers.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The name that the application knows the service by.
pub(super) const NAME: &str = "payment.demo";

/// How a call ended, as the application sees it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `proxy-status`, if the ambassador answered by itself.
    pub(super) by_proxy: Option<String>,
    pub(super) took: Duration,
}

/// `POST /v1/charges`, with a header field of its own or without.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) header: Option<&'static str>,
}

/// Who calls, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Application {
    /// The ambassador, or the service itself.
    dials: SocketAddr,
    /// The caller is a program that nobody has prepared for this.
    curl: bool,
}

impl Application {
    /// It is told where its ambassador is.
    pub(super) fn told(ambassador: SocketAddr) -> Self {
        Self { dials: ambassador, curl: false }
    }

    /// It dials the service by its name, with curl if there is one.
    pub(super) fn untold(service: SocketAddr) -> Self {
        let there = Command::new("curl").arg("--version").output();
        Self { dials: service, curl: there.is_ok_and(|output| output.status.success()) }
    }

    /// What is called, as one would type it.
    pub(super) fn shown(&self, request: Request) -> String {
        let Request { method, path, header } = request;
        if !self.curl {
            return format!("{method} {path}");
        }
        let method = if method == "GET" { String::new() } else { format!("-X {method} ") };
        let header = header.map(|header| format!("-H '{header}' ")).unwrap_or_default();
        format!("curl {method}{header}http://{NAME}{path}")
    }

    /// Makes one call.
    pub(super) fn call(&self, request: Request) -> io::Result<Answer> {
        if self.curl { curl(request) } else { dial(self.dials, request) }
    }

    /// Makes that many calls at once.
    pub(super) fn together(&self, request: Request, calls: usize) -> Vec<Answer> {
        let call = || dial(self.dials, request);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..calls).map(|_| scope.spawn(call)).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()?.ok()).collect()
        })
    }
}

fn curl(request: Request) -> io::Result<Answer> {
    let mut curl = Command::new("curl");
    // Neither settings of this user nor proxies of this machine.
    curl.args(["--disable", "--noproxy", "*", "--silent", "--show-error", "--max-time", "10"]);
    curl.args(["--output", "/dev/null", "--dump-header", "-", "--write-out", "%{time_total}"]);
    curl.args(["-X", request.method]);
    curl.args(request.header.iter().flat_map(|header| ["-H", *header]));
    curl.arg(format!("http://{NAME}{}", request.path));
    let output = curl.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let mut reader = BufReader::new(output.stdout.as_slice());
    let (status, by_proxy) = head(&mut reader)?;
    let mut took = String::new();
    reader.read_line(&mut took)?;
    let took = took.trim().parse().map_err(io::Error::other)?;
    Ok(Answer { status, by_proxy, took: Duration::from_secs_f64(took) })
}

fn dial(address: SocketAddr, request: Request) -> io::Result<Answer> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let Request { method, path, header } = request;
    let header = header.map(|header| format!("{header}\r\n")).unwrap_or_default();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\
         {header}content-length: 0\r\n\r\n"
    );
    stream.write_all(text.as_bytes())?;
    let (status, by_proxy) = head(&mut BufReader::new(stream))?;
    Ok(Answer { status, by_proxy, took: began.elapsed() })
}

/// Reads a response's head: its status, and who it is from.
fn head(reader: &mut impl BufRead) -> io::Result<(u16, Option<String>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut by_proxy = None;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            return Ok((status, by_proxy));
        }
        if let Some(value) = line.strip_prefix("proxy-status:") {
            by_proxy = Some(value.trim().to_owned());
        }
    }
}
