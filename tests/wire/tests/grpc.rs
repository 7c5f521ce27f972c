//! Calls of gRPC between gRPC's own clients, in Python and JavaScript, and its server in Python, with the proxy
//! between them.
#![cfg(test)]

use std::net::{SocketAddr, TcpListener};

use amb_runtime::testing::Live;
use amb_tests_wire::peers::{PythonServer, have_node, have_python, node_script, python};
use amb_tests_wire::policies::echoes::Echoes;
use amb_tests_wire::upstream::eventually;

/// What comes of each call, in the order in which they are made.
const EXPECT: [(&str, &str); 18] = [
    ("unary", "hello"),
    ("large", "True"),
    ("collect", "1000000"),
    ("expand", "2000000"),
    ("chat", "eno owt eerht"),
    ("deadline", "DEADLINE_EXCEEDED in-time=True server-knew=True"),
    ("cancellation", "begun gone"),
    ("retry", "OK well after 2"),
    ("retries_end", "UNAVAILABLE as told after 3"),
    ("not_repeated", "INTERNAL as told after 1"),
    ("pushback", "OK well after 2 waited=True"),
    ("veto", "UNAVAILABLE as told after 1"),
    ("message", "NOT_FOUND 100% späť|weg after 1"),
    ("late", "first then DATA_LOSS too late to be hidden"),
    (
        "breaker",
        "INTERNAL as told after 1 | INTERNAL as told after 1 | \
         UNAVAILABLE the breaker of echo/broken is open after 0",
    ),
    ("refused", "UNAVAILABLE connection refused"),
    ("rejected", "UNIMPLEMENTED destination not found"),
    ("unimplemented", "UNIMPLEMENTED Method not found!"),
];

/// A port where nobody listens.
fn deserted() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn every_kind_of_call_and_what_can_go_wrong_with_it() {
    if !have_python(&["grpc"]) {
        return;
    }
    let server = PythonServer::start("grpc_server.py");
    let proxy = Live::start::<Echoes>(1, &[("echo", server.address), ("nobody", deserted())]);
    let port = proxy.address().port().to_string();
    let output = python("grpc_client.py").arg(port).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let trouble = String::from_utf8_lossy(&output.stderr);
    let expected: String = EXPECT.map(|(case, came)| format!("{case}: {came}\n")).concat();
    assert_eq!(said, expected, "{trouble}");
    assert!(output.status.success(), "{trouble}");
    eventually("the log of a failure that came late", || {
        let log = proxy.log();
        let late = log.lines().find(|line| line.contains("/amb.test.Echo/Late"));
        late.is_some_and(|line| line.contains("\"grpc_status\":\"data-loss\""))
    });
}

/// The same of its client in JavaScript; 64 calls at once on each of sixteen connections come last.
#[test]
fn calls_of_another_library() {
    const EXPECT: [(&str, &str); 7] = [
        ("unary", "hello"),
        ("large", "true"),
        ("messages", "20000"),
        ("chat", "eno owt eerht"),
        ("cancelled", "CANCELLED"),
        ("retry", "OK"),
        ("many", "1024"),
    ];
    if !have_python(&["grpc"]) || !have_node(&["@grpc/grpc-js"]) {
        return;
    }
    let server = PythonServer::start("grpc_server.py");
    let proxy = Live::start::<Echoes>(1, &[("echo", server.address)]);
    let port = proxy.address().port().to_string();
    let output = node_script("grpc_client.js").arg(port).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let trouble = String::from_utf8_lossy(&output.stderr);
    let expected: String = EXPECT.map(|(case, came)| format!("{case}: {came}\n")).concat();
    assert_eq!(said, expected, "{trouble}");
}
