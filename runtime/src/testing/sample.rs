//! A small proxy for tests of what surrounds the calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::call::{Call, Opening, Outcome};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::message::{Field, Known, RequestHead, RequestParts, Span};
use crate::observe::report::{Caller, Report, Source};
use crate::proxy::Proxy;
use crate::spec::{
    AccessLog, Address, Inbound, Observe, Protocol, RouteSpec, Spec, UpstreamSpec, Workers,
};
use crate::units::{percent, v4};
use crate::worker::{Net, Phase, Shared};

/// Two upstreams, one of them of bytes, three routes, one breaker.
pub(crate) struct Sample;

pub(crate) const ENDPOINT: SocketAddr = v4([127, 0, 0, 1], 8080);

impl Spec for Sample {
    const SERVICE: &'static str = "order";
    const WORKERS: Workers = Workers::Exactly(2);
    const LISTEN: SocketAddr = v4([127, 0, 0, 1], 0);
    const UPSTREAMS: &'static [UpstreamSpec] = &[
        UpstreamSpec::new("payment", Address::Dns { host: "payment.shop.svc", port: 8080 }),
        UpstreamSpec::new("stock", Address::Fixed(&[ENDPOINT])).speaking(Protocol::Tcp),
    ];
    const ROUTES: &'static [RouteSpec] = &[
        RouteSpec::new("payment", "charge").guarded_by("payment"),
        RouteSpec::new("stock", "stock"),
        RouteSpec::new("", "otherwise"),
    ];
    const SITES: &'static [&'static str] = &["order.amb:18", "order.amb:40", "order.amb:60"];
    const OBSERVE: Observe = Observe {
        metrics: true,
        access_log: Some(AccessLog {
            sample: percent(100),
            when: |_| true,
            headers: &["x-tenant", "authorization"],
            redact: &["authorization", "token"],
        }),
        admin: Some(v4([127, 0, 0, 1], 0)),
    };
    const POLICY: &'static [u8] =
        b"{\"amb-policy\":1,\"generated-sha256\":\"00ff\",\"plan\":\"the plan\\n\"}\n";
}

impl Proxy for Sample {
    type Route = usize;

    const OTHERWISE: usize = 2;

    async fn tunnel<N: Net>(_: usize, _: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        std::future::pending().await
    }

    fn route(_: &RequestHead<'_>, _: Inbound) -> usize {
        0
    }

    fn index(route: usize) -> usize {
        route
    }

    async fn call<N: Net>(_: usize, _: &mut Call<'_, N>) -> Outcome<N> {
        std::future::pending().await
    }
}

/// The sample's shared state in a phase that the sender changes.
pub(crate) fn shared() -> (watch::Sender<Phase>, Arc<Shared>) {
    let (phase, phases) = watch::channel(Phase::Serving);
    (phase, Arc::new(Shared::new::<Sample>(Clock::start(), 2, phases)))
}

/// A request head of any bytes, valid or not.
#[derive(Default)]
pub(crate) struct Head {
    bytes: Vec<u8>,
    pub(crate) parts: RequestParts,
    fields: Vec<Field>,
}

impl Head {
    pub(crate) fn new(method: &[u8], host: &[u8], target: &[u8]) -> Self {
        let mut head = Self::default();
        head.parts.method_name = head.append(method);
        head.parts.host = head.append(host);
        head.parts.target = head.append(target);
        head
    }

    pub(crate) fn field(mut self, name: &str, value: &[u8]) -> Self {
        let (name, value) = (self.append(name.as_bytes()), self.append(value));
        let line = Span::new(name.start()..value.end());
        self.fields.push(Field { name, value, line, known: Known::Other, dropped: false });
        self
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span::new(start..self.bytes.len())
    }

    /// A call with this head that went well.
    pub(crate) fn report(&self) -> Report<'_> {
        let request = RequestHead { bytes: &self.bytes, parts: &self.parts, fields: &self.fields };
        Report {
            route: 0,
            status: 200,
            grpc: None,
            source: Source::Upstream,
            tries: 1,
            refusal: None,
            error: None,
            duration: Duration::from_micros(12_345),
            received: 3,
            sent: 4,
            counted: false,
            caller: Caller { request, correlation_id: b"", trace_id: b"" },
        }
    }
}
