//! Correlation id and trace context: what the upstream, the log and each try see of them.

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{call, with_body};
use amb_tests_wire::message::Message;
use amb_tests_wire::policies::tries::Tries;
use amb_tests_wire::upstream::{Upstream, eventually, reply};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// One call of two tries: both as the upstream saw them, and the line of the log.
fn two_tries(fields: &str) -> (Vec<Message>, String) {
    let upstream = Upstream::script([reply("503 Not now", ""), reply("200 OK", "")]);
    let proxy = Live::start::<Tries>(1, &[("catalog", upstream.address)]);
    assert_eq!(call(proxy.address(), with_body("GET /", fields, "")).status(), 200);
    eventually("a line of the log", || proxy.log().ends_with('\n'));
    let seen = upstream.requests();
    assert_eq!(seen.len(), 2);
    (seen, proxy.log())
}

/// `version-time` of RFC 9562: digits, dashes, version 7, variant 8 to b.
fn is_uuid_v7(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| digits(part))
        && parts[2].starts_with('7')
        && parts[3].starts_with(['8', '9', 'a', 'b'])
}

/// Version, trace, span, flags.
fn traceparent(request: &Message) -> [String; 4] {
    let value = request.field("traceparent").unwrap();
    let parts: Vec<_> = value.split('-').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

#[test]
fn a_caller_s_correlation_id_is_kept() {
    let (seen, log) = two_tries("X-Correlation-ID: call-7\r\n");
    assert!(seen.iter().all(|request| request.field("x-correlation-id") == Some("call-7")));
    assert!(log.contains("\"correlation_id\":\"call-7\""), "{log}");
}

#[test]
fn a_call_without_one_gets_a_uuid_of_version_7_that_is_the_same_on_every_try() {
    let (seen, log) = two_tries("");
    let id = seen[0].field("x-correlation-id").unwrap();
    assert!(is_uuid_v7(id), "{id}");
    assert_eq!(seen[1].field("x-correlation-id"), Some(id));
    assert!(log.contains(&format!("\"correlation_id\":\"{id}\"")), "{log}");
    let (others, _) = two_tries("");
    assert_ne!(others[0].field("x-correlation-id"), Some(id));
}

#[test]
fn a_trace_is_continued_with_a_span_of_its_own_for_every_try() {
    let fields = format!("traceparent: 00-{TRACE}-{SPAN}-01\r\ntracestate: a=b\r\n");
    let (seen, log) = two_tries(&fields);
    let [first, second] = [traceparent(&seen[0]), traceparent(&seen[1])];
    for [version, trace, span, flags] in [&first, &second] {
        assert_eq!([version.as_str(), trace, flags], ["00", TRACE, "01"]);
        assert_eq!(span.len(), 16);
        assert_ne!(span, SPAN);
    }
    assert_ne!(first[2], second[2]);
    assert!(seen.iter().all(|request| request.field("tracestate") == Some("a=b")));
    assert!(log.contains(TRACE), "{log}");
}

#[test]
fn a_broken_trace_is_replaced_by_a_new_one() {
    for fields in ["", "traceparent: 00-nonsense-01\r\n"] {
        let (seen, log) = two_tries(fields);
        let [first, second] = [traceparent(&seen[0]), traceparent(&seen[1])];
        assert_eq!(first[1].len(), 32);
        assert_eq!(first[1], second[1]);
        assert_ne!(first[2], second[2]);
        assert!(log.contains(&first[1]), "{log}");
    }
}
