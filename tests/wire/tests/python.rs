//! Clients that Python programs use, with the proxy between them and real servers.
#![cfg(test)]

use std::net::SocketAddr;

use amb_runtime::testing::Live;
use amb_tests_wire::peers::{Folder, Nginx, PythonServer, have, have_python, python};
use amb_tests_wire::policies::versions::Versions;

/// What the client says of its calls through a proxy whose upstream `one` is there.
fn says(client: &str, upstream: SocketAddr) -> String {
    let names = ["one", "two", "plain-two", "either"];
    let proxy = Live::start::<Versions>(1, &names.map(|name| (name, upstream)));
    let output = python(client).arg(proxy.address().port().to_string()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn httpx_speaks_http2() {
    if !have(&["nginx"]) || !have_python(&["httpx", "h2"]) {
        return;
    }
    let folder = Folder::new("httpx");
    let nginx = Nginx::start(&folder);
    assert_eq!(
        says("httpx_client.py", nginx.address),
        "put: HTTP/2 201\n\
         get: HTTP/2 200 True\n\
         head: 200 3000000 0\n\
         missing: 404\n\
         unknown: 404 amb; error=destination_not_found\n\
         together: {(200, 100)}\n"
    );
}

#[test]
fn websockets_hold_a_conversation() {
    if !have_python(&["websockets"]) {
        return;
    }
    let server = PythonServer::start("websockets_server.py");
    assert_eq!(
        says("websockets_client.py", server.address),
        "text: späť\nbinary: True\nping: True\nclose: 1000 as you wish\n"
    );
}
