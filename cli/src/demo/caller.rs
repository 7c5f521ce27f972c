//! The demo's application: it makes calls and knows nothing of retries or breakers.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How a call ended, as the application sees it.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `proxy-status`, if the ambassador answered by itself.
    pub(super) by_proxy: Option<String>,
    pub(super) took: Duration,
}

/// Makes one call through the ambassador.
pub(super) fn call(proxy: SocketAddr, request: &str, headers: &str) -> std::io::Result<Answer> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(proxy)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let head = format!(
        "{request} HTTP/1.1\r\nhost: payment.demo\r\nconnection: close\r\n\
         {headers}content-length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut by_proxy = None;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("proxy-status:") {
            by_proxy = Some(value.trim().to_owned());
        }
    }
    Ok(Answer { status, by_proxy, took: began.elapsed() })
}

/// Makes that many calls at once.
pub(super) fn together(proxy: SocketAddr, request: &str, calls: usize) -> Vec<Answer> {
    let call = || call(proxy, request, "");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..calls).map(|_| scope.spawn(call)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()?.ok()).collect()
    })
}
