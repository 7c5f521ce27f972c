use std::io::{self, Write};
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{BUFFERS, Facts, Log, Losses, Writer, line};
use crate::clock::Clock;
use crate::failure::ProxyError;
use crate::grpc::Grpc;
use crate::notices::Notices;
use crate::observe::report::{Refusal, Report, TunnelReport};
use crate::spec::{AccessLog, Spec};
use crate::testing::sample::{Head, Sample};
use crate::units::percent;

/// A pipe into the test.
struct Output(mpsc::Sender<Vec<u8>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn facts() -> Facts {
    let config = Sample::OBSERVE.access_log.unwrap();
    Facts { service: "order", routes: Sample::ROUTES, sites: Sample::SITES, config }
}

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_472_791_042)
}

fn written(report: &Report<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    line::write(&mut buffer, &facts(), report, wall());
    buffer
}

#[test]
fn a_line_says_what_happened() {
    let mut head = Head::new(b"POST", b"payment.shop.svc", b"/v1/charges?token=secret&x=1")
        .field("x-tenant", b"a\"b")
        .field("Authorization", b"Bearer secret");
    head.parts.port = Some(8080);
    let mut report = head.report();
    report.refusal = Some(Refusal::Unsafe);
    report.grpc = Some(Grpc::DataLoss);
    report.error = Some(ProxyError::ConnectionTimeout);
    report.caller.correlation_id = b"id-1";
    report.caller.trace_id = b"0af7651916cd43dd8448eb211c80319c";
    let line: Value = serde_json::from_slice(&written(&report)).unwrap();
    let expect = json!({
        "time": "2026-11-23T22:26:31.042Z", "service": "order", "upstream": "payment",
        "route": "charge", "site": "order.amb:18", "method": "POST", "host": "payment.shop.svc:8080",
        "path": "/v1/charges?token=[redacted]&x=1", "status": 200, "grpc_status": "data-loss", "source": "upstream",
        "tries": 1, "duration_ms": 12.345, "received": 3, "sent": 4, "refusal": "unsafe",
        "error": "connection_timeout", "correlation_id": "id-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "headers": { "x-tenant": "a\"b", "authorization": "[redacted]" },
    });
    assert_eq!(line, expect);
}

#[test]
fn a_tunnel_has_a_line_of_its_own() {
    let report = TunnelReport {
        route: 1,
        status: 200,
        tries: 2,
        error: Some(ProxyError::ClientClosed),
        duration: Duration::from_millis(7),
        received: 3,
        sent: 4,
        destination: Some("[::1]:443".parse().unwrap()),
        name: b"bank.example",
    };
    let written = |report: &TunnelReport<'_>| {
        let mut buffer = Vec::new();
        line::write_tunnel(&mut buffer, &facts(), report, wall());
        serde_json::from_slice::<Value>(&buffer).unwrap()
    };
    let expect = json!({
        "time": "2026-11-23T22:26:31.042Z", "service": "order", "upstream": "stock",
        "route": "stock", "site": "order.amb:40", "destination": "[::1]:443",
        "host": "bank.example", "status": 200, "tries": 2, "duration_ms": 7.0,
        "received": 3, "sent": 4, "error": "client_closed",
    });
    assert_eq!(written(&report), expect);
    let plain = TunnelReport { error: None, destination: None, name: b"", ..report };
    for key in ["error", "destination", "host"] {
        assert_eq!(written(&plain).get(key), None);
    }
}

#[test]
fn what_is_not_there_is_not_written() {
    let line = String::from_utf8(written(&Head::new(b"GET", b"", b"/").report())).unwrap();
    for key in ["refusal", "error", "correlation_id", "trace_id", "headers"] {
        assert!(!line.contains(key), "{line}");
    }
}

#[test]
fn bytes_that_are_not_text_are_escaped_one_by_one() {
    let line = written(&Head::new(b"GET", b"h", b"/\xff\xc3\xa9\x01\x7f").report());
    let expect = "\"path\":\"/\\u00ffé\\u0001\\u007f\"";
    assert!(String::from_utf8(line).unwrap().contains(expect));
}

proptest! {
    #[test]
    fn every_line_is_json_of_a_bounded_length(
        method: Vec<u8>,
        host: Vec<u8>,
        target in proptest::collection::vec(any::<u8>(), 0..9000),
        tenant in proptest::collection::vec(any::<u8>(), 0..9000),
        id: Vec<u8>,
    ) {
        let head = Head::new(&method, &host, &target).field("x-tenant", &tenant);
        let mut report = head.report();
        report.caller.correlation_id = &id;
        let line = written(&report);
        prop_assert!(line.len() <= line::MOST);
        prop_assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
        let value: Value = serde_json::from_slice(&line).unwrap();
        prop_assert_eq!(&value["status"], 200);
    }
}

#[test]
fn the_sample_and_the_condition_choose_the_lines() {
    let (output, lines) = mpsc::channel();
    let (sender, thread) = Writer::start_with(1, losses(), Output(output)).unwrap();
    let when: fn(u16) -> bool = |status| status >= 400;
    let config = AccessLog { sample: percent(10), when, ..facts().config };
    let log = Log::with(Facts { config, ..facts() }, sender);
    let head = Head::new(b"GET", b"h", b"/");
    let tenth = u64::MAX / 10;
    for (status, draw) in
        [(200, 0), (500, 0), (501, tenth - 1), (502, tenth + (1 << 44)), (503, u64::MAX)]
    {
        log.write(&Report { status, ..head.report() }, Clock::start_at(wall()), draw);
    }
    drop(log);
    thread.join().unwrap();
    let text = String::from_utf8(lines.iter().flatten().collect()).unwrap();
    let statuses: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].as_u64().unwrap())
        .collect();
    assert_eq!(statuses, [500, 501]);
}

fn losses() -> Arc<Losses> {
    Arc::new(Losses::new(Notices::of("test")))
}

/// A disk that is full at times: what it takes at each write.
struct Full(std::vec::IntoIter<usize>, mpsc::Sender<Vec<u8>>);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.next().map_or(bytes.len(), |room| room.min(bytes.len())) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            room => {
                self.1.send(bytes[..room].to_vec()).unwrap();
                Ok(room)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_written_is_whole_lines_and_what_is_not_is_counted() {
    let line = line_length();
    for (room, written, lost) in [
        // All of it fails, then all goes.
        (vec![0], 3, 3),
        // Torn in the first line: its rest goes before those that come later.
        (vec![line / 2, 0], 4, 2),
        // At the end of one; torn in the last one.
        (vec![2 * line, 0], 5, 1),
        (vec![2 * line + 1, 0, 0], 3, 3),
        (vec![1, 1, 1], 6, 0),
    ] {
        let (output, lines) = mpsc::channel();
        let losses = losses();
        let full = Full(room.clone().into_iter(), output);
        let (sender, thread) = Writer::start_with(1, Arc::clone(&losses), full).unwrap();
        let log = Log::with(facts(), sender);
        for _ in 0..2 {
            for _ in 0..3 {
                log.write(&Head::new(b"GET", b"h", b"/").report(), Clock::start_at(wall()), 0);
            }
            log.flush();
        }
        drop(log);
        thread.join().unwrap();
        let text = String::from_utf8(lines.iter().flatten().collect()).unwrap();
        for line in text.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
        assert_eq!((text.lines().count(), losses.lines()), (written, lost), "{room:?}");
    }
}

fn line_length() -> usize {
    let (output, lines) = mpsc::channel();
    let (sender, thread) = Writer::start_with(1, losses(), Output(output)).unwrap();
    let log = Log::with(facts(), sender);
    log.write(&Head::new(b"GET", b"h", b"/").report(), Clock::start_at(wall()), 0);
    drop(log);
    thread.join().unwrap();
    lines.iter().flatten().count()
}

/// A reader that reads nothing until it is told to.
struct Stalled(mpsc::Receiver<()>, mpsc::Sender<Vec<u8>>);

impl Write for Stalled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Once the other end is gone, nothing stalls any more.
        let _: Result<(), _> = self.0.recv();
        self.1.send(bytes.to_vec()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stalled_reader_costs_lines_but_no_time_and_no_memory() {
    let (go, wait) = mpsc::channel();
    let (output, lines) = mpsc::channel();
    let losses = losses();
    let stalled = Stalled(wait, output);
    let (sender, thread) = Writer::start_with(1, Arc::clone(&losses), stalled).unwrap();
    let log = Log::with(facts(), sender);
    let head = Head::new(b"GET", b"h", &[b'a'; 1500]);
    let report = head.report();
    let calls = 3000;
    let allocated = allocation_counter::measure(|| {
        for draw in 0..calls {
            log.write(&report, Clock::start_at(wall()), draw);
        }
        log.flush();
    });
    assert_eq!(allocated.count_total, 0);
    let dropped = losses.lines();
    assert!(dropped > 0);
    drop(go);
    drop(log);
    thread.join().unwrap();
    let text: Vec<u8> = lines.iter().flatten().collect();
    let written = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
    assert_eq!(written + dropped, calls);
    assert!(text.len() <= BUFFERS * super::BUFFER_SIZE);
}

#[tokio::test(start_paused = true)]
async fn lines_wait_a_tenth_of_a_second_for_company() {
    let (output, lines) = mpsc::channel();
    let (sender, thread) = Writer::start_with(1, losses(), Output(output)).unwrap();
    let log = Log::with(facts(), sender);
    let head = Head::new(b"GET", b"h", b"/");
    log.write(&head.report(), Clock::start_at(wall()), 0);
    log.write(&head.report(), Clock::start_at(wall()), 0);
    {
        let mut drive = pin!(log.drive());
        for (wait, written) in [(super::DELAY / 2, false), (super::DELAY, true)] {
            assert!(tokio::time::timeout(wait, &mut drive).await.is_err());
            assert_eq!(log.buffer.borrow().is_empty(), written);
        }
    }
    assert_eq!(lines.recv().unwrap().iter().filter(|&&byte| byte == b'\n').count(), 2);
    drop(log);
    thread.join().unwrap();
}
