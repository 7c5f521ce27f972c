//! Upstreams with several addresses, of which some are dead. Neither policy here has a `retry`.
#![cfg(test)]

use std::net::SocketAddr;

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{call, get};
use amb_tests_wire::frames::{END_STREAM, HEADERS, Peer, Serving, WHOLE, headers};
use amb_tests_wire::policies::{plain::Plain, versions::Versions};
use amb_tests_wire::upstream::{Refusing, Silent, Upstream, eventually, reply};

const CALLS: usize = 4;

/// The dead address has the first turn, and every second one after it.
fn all_go_well(dead: SocketAddr) {
    let fine = Upstream::script([reply("200 OK", "fine")]);
    let endpoints = [("catalog", dead), ("catalog", fine.address)];
    let proxy = Live::start::<Plain>(1, &endpoints);
    for _ in 0..CALLS {
        let answer = call(proxy.address(), get("/a"));
        assert_eq!((answer.status(), answer.text()), (200, "fine"));
    }
    assert_eq!(fine.requests().len(), CALLS);
    // What the first call had opened was there for the others.
    assert_eq!(fine.connections(), 1);
}

#[test]
fn an_address_that_refuses_costs_no_call() {
    let refusing = Refusing::new();
    all_go_well(refusing.address);
}

#[test]
fn an_address_that_is_silent_costs_no_call() {
    let silent = Silent::new();
    all_go_well(silent.address);
}

#[test]
fn the_same_for_connections_that_carry_many_calls() {
    let (refusing, silent) = (Refusing::new(), Silent::new());
    for dead in [refusing.address, silent.address] {
        let fine = Upstream::with(|connection| {
            let Some(mut serving) = Serving::begin(connection, &[]) else { return };
            while let Some(stream) = serving.request() {
                serving.answer(stream, "fine");
            }
        });
        let endpoints = [("plain-two", dead), ("plain-two", fine.address)];
        let proxy = Live::start::<Versions>(1, &endpoints);
        let mut peer = Peer::connect(proxy.address());
        let host = "plain-two.shop.svc";
        let request =
            [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", host)];
        for at in 0..CALLS as u32 {
            peer.frame(&headers(2 * at + 1, WHOLE, &request));
            assert_eq!(peer.find(|frame| frame.kind == HEADERS).unwrap().status(), 200);
            assert!(peer.find(|frame| frame.flags & END_STREAM != 0).is_some());
        }
        assert_eq!(fine.connections(), 1);
        eventually("the log lines", || proxy.log().lines().count() == CALLS);
        assert!(proxy.log().lines().all(|line| line.contains("\"tries\":1")), "{}", proxy.log());
    }
}
