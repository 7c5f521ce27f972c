//! The proxy as one that callers know of: absolute targets, `CONNECT`, `http_proxy`.
#![cfg(test)]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::message::Message;
use amb_tests_wire::peers::{Folder, Nginx, have};
use amb_tests_wire::policies::{bytes::Bytes, passing::Passing, plain::Plain};
use amb_tests_wire::upstream::{Connection, Refusing, Upstream, eventually, reply};

fn offer(authority: &str) -> String {
    format!(
        "CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\nproxy-connection: keep-alive\r\n\r\n"
    )
}

fn opened(answer: &Message) {
    assert_eq!(answer.raw, b"HTTP/1.1 200 OK\r\n\r\n");
}

/// Greets, then says everything back.
fn echo(connection: &mut Connection) {
    connection.send("220 hello\n");
    while let Some(bytes) = connection.some() {
        connection.send(bytes);
    }
    connection.end();
}

#[test]
fn a_tunnel_leads_to_the_upstream_of_that_name_and_port() {
    let upstream = Upstream::with(echo);
    let proxy = Live::start::<Bytes>(1, &[("ledger", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    opened(&caller.head_of(offer("Ledger.shop.svc:5432")));
    assert_eq!(caller.bytes(10), b"220 hello\n");
    caller.send("over");
    assert_eq!(caller.bytes(4), b"over");
    caller.finish();
    assert!(caller.is_closed());
    eventually("the log line", || proxy.log().contains('\n'));
    let log = proxy.log();
    for part in [
        "\"upstream\":\"ledger\",\"route\":\"ledger\"",
        "\"method\":\"CONNECT\",\"host\":\"ledger.shop.svc:5432\"",
        "\"status\":200,\"source\":\"upstream\",\"tries\":1",
        "\"received\":4,\"sent\":14",
    ] {
        assert!(log.contains(part), "no {part} in {log}");
    }
}

#[test]
fn what_comes_too_early_waits_for_the_answer() {
    let upstream = Upstream::with(echo);
    let proxy = Live::start::<Bytes>(1, &[("ledger", upstream.address)]);
    let mut caller = Caller::connect(proxy.address());
    opened(&caller.head_of(offer("ledger.shop.svc:5432") + "early"));
    let mut all = caller.bytes(15);
    all.sort_unstable();
    let mut expected = b"220 hello\nearly".to_vec();
    expected.sort_unstable();
    assert_eq!(all, expected);
    caller.finish();
    assert!(caller.is_closed());
}

#[test]
fn what_has_no_tunnel_leaves_http_as_it_was() {
    let (dead, catalog) = (Refusing::new(), Upstream::script([reply("200 OK", "fine")]));
    let endpoints = [("ledger", dead.address), ("catalog", catalog.address)];
    let proxy = Live::start::<Bytes>(1, &endpoints);
    let mut caller = Caller::connect(proxy.address());
    let rows = [
        ("ledger.shop.svc:5432", 502, "amb; error=connection_refused"),
        ("ledger.shop.svc:5433", 404, "amb; error=destination_not_found"),
        ("bank.shop.test:5432", 404, "amb; error=destination_not_found"),
        ("catalog.shop.svc:443", 404, "amb; error=destination_not_found"),
        ("bank.shop.test:8443", 503, "amb; error=dns_error"),
    ];
    for (authority, status, why) in rows {
        let answer = caller.call(offer(authority));
        assert_eq!((answer.status(), answer.field("proxy-status")), (status, Some(why)));
    }
    assert_eq!(caller.call(get("/")).text(), "fine");
    // A request to an upstream that gets bytes belongs to nobody.
    let answer = caller
        .call("GET http://ledger.shop.svc:5432/ HTTP/1.1\r\nhost: ledger.shop.svc:5432\r\n\r\n");
    assert_eq!(answer.status(), 404);
}

#[test]
fn more_http_goes_through_a_tunnel_to_an_upstream_that_speaks_it() {
    let catalog = Upstream::script([reply("200 OK", "fine")]);
    let proxy = Live::start::<Bytes>(1, &[("catalog", catalog.address)]);
    for early in [String::new(), get("/a")] {
        let mut caller = Caller::connect(proxy.address());
        opened(&caller.head_of(offer("catalog.shop.svc:8080") + &early));
        if early.is_empty() {
            caller.send(get("/a"));
        }
        let answers = [caller.answer(), caller.call(get("/b"))];
        for answer in answers {
            assert_eq!((answer.text(), answer.field("x-policy")), ("fine", Some("catalog")));
        }
        // And once more.
        opened(&caller.head_of(offer("catalog.shop.svc:8080")));
        assert_eq!(caller.call(get("/c")).text(), "fine");
    }
    let starts: Vec<_> = catalog.requests().into_iter().map(|it| it.start).collect();
    let row = ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET /c HTTP/1.1"];
    assert_eq!(starts, [row, row].concat());
}

#[test]
fn strangers_are_reached_if_the_policy_passes_them_and_never_ourselves() {
    let stranger = Upstream::with(echo);
    let proxy = Live::start::<Passing>(1, &[]);
    let mut caller = Caller::connect(proxy.address());
    let port = proxy.address().port();
    for own in ["127.0.0.1", "0.0.0.0"] {
        let own = format!("{own}:{port}");
        let call = format!("GET / HTTP/1.1\r\nhost: {own}\r\n\r\n");
        for asked in [offer(&own), call] {
            let answer = caller.call(asked);
            assert_eq!(
                (answer.status(), answer.field("proxy-status")),
                (508, Some("amb; error=proxy_loop_detected")),
                "{own}"
            );
        }
    }
    assert_eq!(
        caller.call(offer("nobody.invalid:80")).field("proxy-status"),
        Some("amb; error=dns_error")
    );
    opened(&caller.head_of(offer(&stranger.address.to_string())));
    assert_eq!(caller.bytes(10), b"220 hello\n");
    eventually("the log lines", || proxy.log().lines().count() == 5);
    // An address has one name.
    for own in ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]"] {
        let mut caller = Caller::connect(proxy.address());
        assert_eq!(caller.call(offer(&format!("{own}:{port}"))).status(), 400, "{own}");
    }
}

#[test]
fn the_own_port_of_an_upstream_is_no_proxy() {
    let upstream = Upstream::script([reply("200 OK", "never")]);
    let proxy = Live::start::<Bytes>(1, &[("catalog", upstream.address)]);
    let own = proxy.own("catalog");
    let mut caller = Caller::connect(own);
    assert_eq!(caller.call(offer("catalog.shop.svc:8080")).status(), 501);
    assert!(caller.is_closed());
}

fn curl(proxy: SocketAddr, arguments: &[&str]) -> Output {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "10"]).args(arguments);
    // As applications are told.
    curl.env("http_proxy", format!("http://{proxy}"));
    curl.env("https_proxy", format!("http://{proxy}")).env_remove("no_proxy");
    curl.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_is_told_of_the_proxy_and_reaches_everybody() {
    if !have(&["curl", "nginx", "openssl"]) {
        return;
    }
    let folder = Folder::new("connect");
    fs::write(folder.path().join("page"), "a page").unwrap();
    let nginx = Nginx::start(&folder);
    let bank = Nginx::start_tls(&folder, "bank.shop.test");
    let endpoints = [("catalog", nginx.address), ("bank", bank.address)];
    let proxy = Live::start::<Bytes>(1, &endpoints);
    let certificate = folder.path().join("bank.shop.test.crt");
    let certificate = certificate.to_str().unwrap();
    let rows: [&[&str]; 4] = [
        &["http://catalog.shop.svc:8080/page"],
        &["--proxytunnel", "http://catalog.shop.svc:8080/page"],
        &["--cacert", certificate, "https://bank.shop.test:8443/page"],
        &[
            "--cacert",
            certificate,
            "--tlsv1.2",
            "--tls-max",
            "1.2",
            "https://bank.shop.test:8443/page",
        ],
    ];
    for arguments in rows {
        assert_eq!(text(&curl(proxy.address(), arguments)), "a page", "{arguments:?}");
    }
    // The own port of the upstream is as good: nobody needs to know a proxy.
    let own = format!("bank.shop.test:8443:{}", proxy.own("bank"));
    let direct = [
        "--noproxy",
        "*",
        "--connect-to",
        &own,
        "--cacert",
        certificate,
        "https://bank.shop.test:8443/page",
    ];
    assert_eq!(text(&curl(proxy.address(), &direct)), "a page");
    let refused = curl(proxy.address(), &["--cacert", certificate, "https://elsewhere.test/"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("404"), "{refused:?}");
}

#[test]
fn the_plain_policy_has_no_tunnels_of_its_own() {
    let proxy = Live::start::<Plain>(1, &[]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let answer = Caller::connect(proxy.address()).call(offer(&free.to_string()));
    assert_eq!(answer.status(), 404);
}
