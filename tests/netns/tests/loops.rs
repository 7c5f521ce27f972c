//! No address of the machine leads back into the proxy, assigned or not.
#![cfg(test)]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use amb_tests_netns::namespace::{inside, ip};
use amb_tests_netns::proxy::Proxy;

const ROLE: &str = env!("CARGO_BIN_EXE_role");

fn dial(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// The status of the answer to the first line and `Host`.
fn status(line: &str, host: &str) -> String {
    let mut stream = dial("127.0.0.1:15001");
    write!(stream, "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    String::from_utf8_lossy(&status[9..]).into_owned()
}

#[test]
fn an_address_that_is_ours_without_being_assigned_is_no_way_around_the_loop_check() {
    inside(
        "an_address_that_is_ours_without_being_assigned_is_no_way_around_the_loop_check",
        || {
            ip(&["route", "add", "local", "10.8.8.0/24", "dev", "lo"]);
            for policy in ["anywhere", "nameless"] {
                let proxy = Proxy::start(ROLE, policy);
                assert_eq!(status("GET /", "shop.test"), "508", "{policy}: an upstream's address");
                if policy == "anywhere" {
                    for port in [15001, 15003, 15004] {
                        let at = format!("10.8.8.77:{port}");
                        assert_eq!(status("GET /", &at), "508", "otherwise pass");
                        assert_eq!(status(&format!("CONNECT {at}"), &at), "508", "a tunnel");
                    }
                    let cut = dial("127.0.0.1:15004").read(&mut [0]).unwrap_err();
                    assert_eq!(cut.kind(), ErrorKind::ConnectionReset, "bytes");
                }
                proxy.kill();
            }
        },
    );
}
