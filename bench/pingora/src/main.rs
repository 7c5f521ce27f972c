//! Pingora with the work of the order example: one thread, kept connections, up to three tries on
//! connection failures and 503, a request id, a trace, one header removed, time-outs, a breaker, a sampled
//! access log.
//!
//! `amb-bench-pingora LISTEN ORIGIN LOG http1|http2`

mod breaker;
mod log;

use std::time::Duration;

use async_trait::async_trait;
use http::header::HeaderName;
use pingora::apps::HttpServerOptions;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::*;
use pingora::protocols::ALPN;
use pingora::proxy::http_proxy_service;
use pingora::server::configuration::ServerConf;

use breaker::Breaker;
use log::Log;

const TRIES: usize = 3;
const ID: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACE: HeaderName = HeaderName::from_static("traceparent");

struct Proxy {
    alpn: ALPN,
    origin: std::net::SocketAddr,
    breaker: Breaker,
    log: Log,
}

#[derive(Default)]
struct Call {
    id: String,
    tries: u32,
    status: u16,
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Call;

    fn new_ctx(&self) -> Call {
        Call { id: format!("{:032x}", fastrand::u128(..)), ..Call::default() }
    }

    async fn upstream_peer(&self, _: &mut Session, call: &mut Call) -> Result<Box<HttpPeer>> {
        if self.breaker.is_open() {
            return Error::e_explain(ErrorType::HTTPStatus(503), "the breaker is open");
        }
        if call.tries > 0 {
            // Full jitter.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=10 << call.tries))).await;
        }
        call.tries += 1;
        let mut peer = HttpPeer::new(self.origin, false, String::new());
        peer.options.connection_timeout = Some(Duration::from_secs(1));
        peer.options.read_timeout = Some(Duration::from_secs(1));
        peer.options.write_timeout = Some(Duration::from_secs(1));
        peer.options.alpn = self.alpn.clone();
        peer.options.max_h2_streams = 128;
        peer.options.idle_timeout = Some(Duration::from_secs(75));
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        request: &mut RequestHeader,
        call: &mut Call,
    ) -> Result<()> {
        request.remove_header("x-internal-debug");
        if !request.headers.contains_key(TRACE) {
            let (trace, span) = (fastrand::u128(1..), fastrand::u64(1..));
            request.insert_header(TRACE, format!("00-{trace:032x}-{span:016x}-01"))?;
        }
        request.insert_header(ID, call.id.as_str())
    }

    async fn upstream_response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        call: &mut Call,
    ) -> Result<()> {
        call.status = response.status.as_u16();
        self.breaker.report(call.status < 500);
        if call.status == 503 && (call.tries as usize) < TRIES && !self.breaker.is_open() {
            let mut error = Error::explain(ErrorType::HTTPStatus(503), "tried again");
            error.set_retry(true);
            return Err(error);
        }
        Ok(())
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        _: &mut Call,
        mut error: Box<Error>,
    ) -> Box<Error> {
        self.breaker.report(false);
        error.set_retry(true);
        error
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, call: &mut Call) {
        if fastrand::u8(..10) == 0 {
            let request = session.req_header();
            self.log.line(format_args!(
                "{{\"method\":\"{}\",\"path\":\"{}\",\"status\":{},\"tries\":{},\"id\":\"{}\"}}\n",
                request.method,
                request.uri.path(),
                call.status,
                call.tries,
                call.id
            ));
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["--version"] {
        println!("Pingora 0.9.1");
        return;
    }
    let [listen, origin, log, protocol] = arguments.as_slice() else {
        eprintln!("usage: amb-bench-pingora LISTEN ORIGIN LOG http1|http2");
        std::process::exit(64);
    };
    let http2 = protocol == "http2";
    let proxy = Proxy {
        alpn: if http2 { ALPN::H2 } else { ALPN::H1 },
        origin: origin.parse().expect("ORIGIN is an address"),
        breaker: Breaker::new(5, Duration::from_secs(30)),
        log: Log::open(log).expect("LOG can be written"),
    };
    let configuration = ServerConf {
        threads: 1,
        work_stealing: false,
        upstream_keepalive_pool_size: 1024,
        max_retries: TRIES,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, configuration);
    server.bootstrap();
    let mut service = http_proxy_service(&server.configuration, proxy);
    if http2 && let Some(app) = service.app_logic_mut() {
        let mut options = HttpServerOptions::default();
        options.h2c = true;
        app.server_options = Some(options);
    }
    service.add_tcp(listen);
    server.add_service(service);
    server.run_forever();
}
