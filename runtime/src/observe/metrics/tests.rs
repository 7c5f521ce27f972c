use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Facts, Recorder, page};
use crate::discover::Discovery;
use crate::failure::ProxyError;
use crate::grpc::Grpc;
use crate::observe::report::{Ending, Refusal, Report, Source};
use crate::spec::{BreakerId, UpstreamId};
use crate::state::breaker::Transition;
use crate::testing::sample::{self, Head, Sample};

/// The page after some calls on two workers.
fn sample_page() -> String {
    let (_phase, shared) = sample::shared();
    let discovery = Discovery::known(&[&[], &[sample::ENDPOINT]]);
    let head = Head::new(b"GET", b"payment.shop.svc", b"/");
    let retried = Report {
        status: 503,
        source: Source::Proxy,
        tries: 3,
        refusal: Some(Refusal::Budget),
        error: Some(ProxyError::Dns),
        duration: Duration::from_millis(10),
        ..head.report()
    };
    for recorder in &shared.recorders {
        recorder.record(&retried);
        recorder.record(&head.report());
        recorder.record(&Report { route: 2, duration: Duration::from_secs(90), ..head.report() });
        recorder.record(&Report { route: 99, ..head.report() });
        recorder.record(&Report { route: 1, grpc: Some(Grpc::Unavailable), ..head.report() });
        recorder.transition(BreakerId(0), &Transition::Opened { for_: Duration::from_secs(1) });
        recorder.connection();
        recorder.tunnel(1, Ending::Idle);
        recorder.connects(1, 3);
        recorder.passed(1, 10, 20);
    }
    shared.recorders[1].malformed();
    shared.tunnels(UpstreamId(1)).unwrap().store(5, Ordering::Relaxed);
    shared.losses.add(7, "a test");
    page(&Facts::of::<Sample>(), &shared.readings(&discovery))
}

#[test]
fn the_page_sums_up_all_workers() {
    let page = sample_page();
    let lines = [
        "amb_build_info{version=\"0.1.0\",service=\"order\",policy=\"00ff\"} 1",
        "amb_calls_total{upstream=\"payment\",route=\"charge\",status=\"503\",source=\"proxy\"} 2",
        "amb_calls_total{upstream=\"payment\",route=\"charge\",status=\"200\",source=\"upstream\"} 2",
        "amb_grpc_calls_total{upstream=\"stock\",route=\"stock\",grpc_status=\"unavailable\",source=\"upstream\"} 2",
        "amb_local_answers_total{upstream=\"payment\",route=\"charge\",error=\"dns_error\"} 2",
        "amb_call_duration_seconds_bucket{upstream=\"payment\",route=\"charge\",le=\"0.005\"} 0",
        "amb_call_duration_seconds_bucket{upstream=\"payment\",route=\"charge\",le=\"0.01\"} 2",
        "amb_call_duration_seconds_bucket{upstream=\"payment\",route=\"charge\",le=\"0.025\"} 4",
        "amb_call_duration_seconds_bucket{upstream=\"\",route=\"otherwise\",le=\"60\"} 0",
        "amb_call_duration_seconds_bucket{upstream=\"\",route=\"otherwise\",le=\"+Inf\"} 2",
        "amb_call_duration_seconds_sum{upstream=\"\",route=\"otherwise\"} 180",
        "amb_call_duration_seconds_count{upstream=\"payment\",route=\"charge\"} 4",
        "amb_tries_total{upstream=\"payment\",route=\"charge\"} 8",
        "amb_retries_total{upstream=\"payment\",route=\"charge\"} 4",
        "amb_retry_refused_total{upstream=\"payment\",route=\"charge\",reason=\"budget\"} 2",
        "amb_retry_refused_total{upstream=\"payment\",route=\"charge\",reason=\"breaker\"} 0",
        "amb_received_bytes_total{upstream=\"payment\",route=\"charge\"} 12",
        "amb_tries_total{upstream=\"stock\",route=\"stock\"} 8",
        "amb_sent_bytes_total{upstream=\"stock\",route=\"stock\"} 48",
        "amb_tunnels_total{upstream=\"stock\",route=\"stock\",ended=\"idle\"} 2",
        "amb_tunnels{upstream=\"stock\"} 5",
        "amb_breaker_state{breaker=\"payment\"} 0",
        "amb_breaker_transitions_total{breaker=\"payment\",to=\"open\"} 2",
        "amb_upstream_endpoints{upstream=\"stock\"} 1",
        "amb_connections 0",
        "amb_connections_total 2",
        "amb_malformed_requests_total 1",
        "amb_access_log_dropped_total 7",
    ];
    for line in lines {
        assert!(page.lines().any(|is| is == line), "no `{line}` in\n{page}");
    }
}

#[test]
fn prometheus_accepts_the_page() {
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        assert!(std::env::var_os("CI").is_none(), "promtool is not installed");
        println!("skipped: promtool is not installed");
        return;
    };
    let page = sample_page();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn recording_allocates_nothing() {
    let recorder = Recorder::new::<Sample>();
    let head = Head::new(b"GET", b"payment.shop.svc", b"/");
    let report = Report { refusal: Some(Refusal::Attempts), ..head.report() };
    let allocated = allocation_counter::measure(|| {
        for status in 0..700 {
            let grpc = Grpc::ALL.get(usize::from(status)).copied();
            recorder.record(&Report { status, grpc, ..report.clone() });
            recorder.transition(BreakerId(0), &Transition::Closed);
        }
    });
    assert_eq!(allocated.count_total, 0);
}
