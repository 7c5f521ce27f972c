use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Admin, Step, serve};
use crate::discover::Discovery;
use crate::observe::metrics::Facts;
use crate::spec::{BreakerId, UpstreamId};
use crate::state::breaker::{OpenFor, Spec, Trip, Verdict};
use crate::testing::sample;
use crate::testing::sample::Sample;
use crate::worker::{Phase, Shared};

/// A served admin port.
struct Port {
    address: SocketAddr,
    admin: Arc<Admin>,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
}

async fn port() -> Port {
    let (phase, shared) = sample::shared();
    let discovery = Discovery::known(&[&[], &[sample::ENDPOINT]]);
    let admin = Arc::new(Admin::new(Facts::of::<Sample>(), Arc::clone(&shared), discovery));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Arc::clone(&admin)));
    Port { address, admin, shared, phase }
}

impl Port {
    /// Everything that comes back for these bytes.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A refusal may come before all is sent.
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        String::from_utf8(answer).unwrap()
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let answer = self.exchange(request.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

#[tokio::test]
async fn each_page_answers_its_methods() {
    let port = port().await;
    let rows = [
        ("GET", "/live", 200, "live\n"),
        ("GET", "/live?x", 200, "live\n"),
        ("HEAD", "/live", 200, ""),
        ("GET", "/ready", 503, "starting: names\n"),
        ("GET", "/", 404, "there is no such page\n"),
        ("GET", "/liveness", 404, "there is no such page\n"),
        ("POST", "/metrics", 405, "/metrics does not take POST; use GET, HEAD\n"),
        ("GET", "/quit", 405, "/quit does not take GET; use POST\n"),
        ("POST", "/quit", 202, "draining\n"),
    ];
    for (method, path, status, body) in rows {
        assert_eq!(port.ask(method, path).await, (status, body.to_owned()), "{method} {path}");
    }
    port.admin.quit_asked().await;
    let (_, policy) = port.ask("GET", "/policy").await;
    assert!(policy.starts_with("{\"amb-policy\":1"));
    let (_, metrics) = port.ask("GET", "/metrics").await;
    assert!(metrics.contains("\namb_connections 0\n"));
}

#[tokio::test]
async fn readiness_follows_the_phase() {
    let port = port().await;
    port.admin.reached(Step::Ready);
    assert_eq!(port.ask("GET", "/ready").await, (200, "ready\n".to_owned()));
    port.phase.send_replace(Phase::Draining);
    assert_eq!(port.ask("GET", "/ready").await, (503, "draining\n".to_owned()));
    assert_eq!(port.ask("GET", "/live").await.0, 200);
}

#[tokio::test]
async fn upstreams_are_shown_as_calls_would_meet_them() {
    let port = port().await;
    let spec = Spec {
        trips: &[Trip::ConsecutiveFailures { count: 1 }],
        open_for: OpenFor::Fixed(Duration::from_secs(30)),
        probes: 1,
    };
    let now = port.shared.clock.now();
    let breaker = port.shared.breaker(BreakerId(0)).unwrap();
    let (permit, _) = breaker.admit(&spec, now).unwrap();
    breaker.record(&spec, permit, Verdict::Failure, now, || 0);
    port.shared.tunnels(UpstreamId(1)).unwrap().store(1, Ordering::Relaxed);
    let (status, text) = port.ask("GET", "/upstreams").await;
    assert_eq!(status, 200);
    let mut page: Value = serde_json::from_str(&text).unwrap();
    let left = page["breakers"][0]["open_for_ms"].take().as_u64().unwrap();
    assert!((1..=30_000).contains(&left), "{left}");
    let budget = json!({ "calls": 0, "spent": 0 });
    let expect = json!({
        "service": "order",
        "upstreams": [
            {
                "name": "payment", "protocol": "http1", "address": "payment.shop.svc:8080",
                "endpoints": [], "retry_budget": budget,
            },
            { "name": "stock", "protocol": "tcp", "endpoints": ["127.0.0.1:8080"], "tunnels": 1 },
        ],
        "breakers": [{ "name": "payment", "state": "open", "open_for_ms": null }],
    });
    assert_eq!(page, expect);
}

#[tokio::test]
async fn whoever_says_nothing_keeps_nobody_waiting() {
    let port = port().await;
    let mut silent = Vec::new();
    for _ in 0..super::CONNECTIONS - 1 {
        silent.push(TcpStream::connect(port.address).await.unwrap());
    }
    assert_eq!(port.ask("GET", "/live").await.0, 200);
}

#[test]
fn nonsense_never_ends_the_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let port = runtime.block_on(port());
    let asked = AtomicU64::new(0);
    proptest!(ProptestConfig::with_cases(100), |(bytes: Vec<u8>, method in "[A-Z]{0,9}", path: String)| {
        runtime.block_on(async {
            port.exchange(&bytes).await;
            port.exchange(format!("{method} /{path} HTTP/1.1\r\n\r\n").as_bytes()).await;
            assert_eq!(port.ask("GET", "/live").await.0, 200);
        });
        asked.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(asked.into_inner(), 100);
}
