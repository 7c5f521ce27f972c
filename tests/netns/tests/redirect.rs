//! Which connections arrive at the proxy, and where they go from there.
#![cfg(test)]

use amb_tests_netns::calls::{Reached, call};
use amb_tests_netns::namespace::inside;
use amb_tests_netns::proxy::Proxy;
use amb_tests_netns::{APPLICATION, EXCEPTED, PROXY, nft, peers, policies};

const ROLE: &str = env!("CARGO_BIN_EXE_role");

const PORTS: [u16; 9] = [80, 81, 8000, 8001, 8050, 8070, 8071, 8099, 8100];

/// A destination, and whether a connection to it is redirected.
const DESTINATIONS: [(&str, bool); 21] = [
    ("10.1.0.1:80", true),
    ("10.1.0.1:81", false),
    ("10.1.0.1:8000", true),
    ("10.1.0.1:8050", false),
    ("10.1.0.1:8099", true),
    ("10.1.0.1:8100", false),
    ("10.2.0.1:80", false),
    ("10.2.0.1:8000", false),
    ("10.3.0.1:80", true),
    ("10.3.0.1:8001", true),
    ("127.0.0.1:80", false),
    ("127.0.0.1:8070", true),
    ("127.0.0.2:8070", false),
    ("127.0.0.1:8071", false),
    ("[fd01::1]:80", true),
    ("[fd01::1]:81", false),
    ("[fd01::1]:8050", false),
    ("[fd02::1]:80", false),
    ("[fd03::1]:8001", true),
    ("[fd03::1]:8099", true),
    ("[::1]:80", false),
];

fn expected(uid: u32) -> Vec<Reached> {
    let by = |redirected| if redirected && uid != EXCEPTED { PROXY } else { uid };
    let reached =
        |(at, redirected): &(&str, bool)| Reached::At(at.parse().unwrap(), by(*redirected));
    DESTINATIONS.iter().map(reached).collect()
}

#[test]
fn exactly_what_the_policy_says_arrives_and_goes_on_to_where_it_was_sent() {
    inside("exactly_what_the_policy_says_arrives_and_goes_on_to_where_it_was_sent", || {
        peers::serve(&PORTS);
        let proxy = Proxy::start(ROLE, "open");
        let all: Vec<&str> = DESTINATIONS.iter().map(|(destination, _)| *destination).collect();
        for uid in [APPLICATION, 0, EXCEPTED, PROXY] {
            assert_eq!(call(ROLE, uid, &all), expected(uid), "uid {uid}\n{:#?}", proxy.said);
        }
        proxy.kill();
    });
}

#[test]
fn names_count_only_with_the_port_of_their_upstream() {
    inside("names_count_only_with_the_port_of_their_upstream", || {
        peers::serve(&PORTS);
        let rows = [
            // The name and the port agree: the upstream's own address, not the one dialled.
            ("10.3.0.1:80=shop.test", Reached::At("10.1.0.1:80".parse().unwrap(), PROXY), None),
            // No upstream has the port: bytes, and no matter which name.
            (
                "10.3.0.1:8001=shop.test",
                Reached::At("10.3.0.1:8001".parse().unwrap(), PROXY),
                Some(Reached::Cut),
            ),
            // A name that only the caller knows is not looked up.
            (
                "10.3.0.1:80=nobody.invalid",
                Reached::At("10.3.0.1:80".parse().unwrap(), PROXY),
                Some(Reached::Proxy(404)),
            ),
            (
                "127.0.0.1:8070=beside.test",
                Reached::At("127.0.0.1:8070".parse().unwrap(), PROXY),
                None,
            ),
            // Callers that know the proxy are told apart: nothing was redirected.
            ("127.0.0.1:15001=shop.test", Reached::At("10.1.0.1:80".parse().unwrap(), PROXY), None),
            ("127.0.0.1:15001=127.0.0.1:15001", Reached::Proxy(508), Some(Reached::Proxy(404))),
        ];
        let calls: Vec<&str> = rows.iter().map(|(call, ..)| *call).collect();
        let (pass, reject): (Vec<_>, Vec<_>) = rows
            .iter()
            .map(|(_, pass, reject)| (pass.clone(), reject.clone().unwrap_or(pass.clone())))
            .unzip();
        for (policy, expected) in [("open", pass), ("reject", reject)] {
            let proxy = Proxy::start(ROLE, policy);
            assert_eq!(call(ROLE, APPLICATION, &calls), expected, "{policy}");
            proxy.kill();
        }
    });
}

/// The kernel repeats it after a second.
#[test]
fn the_first_packet_to_an_upstream_may_get_lost() {
    inside("the_first_packet_to_an_upstream_may_get_lost", || {
        peers::serve(&[80]);
        nft::load(
            "table inet lossy {\nchain input {\ntype filter hook input priority 0;\n\
             tcp dport 80 tcp flags syn / fin,syn,rst,ack numgen inc mod 2 0 drop\n}\n}\n",
        );
        let proxy = Proxy::start(ROLE, "open");
        // An upstream that the policy knows, and one that it passes on to.
        for destination in ["10.1.0.1:80=shop.test", "10.3.0.1:80=nobody.invalid"] {
            let (address, _) = destination.split_once('=').unwrap();
            let expected = [Reached::At(address.parse().unwrap(), PROXY)];
            assert_eq!(call(ROLE, APPLICATION, &[destination]), expected);
        }
        proxy.kill();
    });
}

#[test]
fn the_rules_are_those_that_amb_rules_prints() {
    inside("the_rules_are_those_that_amb_rules_prints", || {
        for (policy, text) in [("open", policies::open::RULES), ("closed", policies::closed::RULES)]
        {
            let proxy = Proxy::start(ROLE, policy);
            let installed = nft::ruleset();
            proxy.kill();
            nft::run(&["flush", "ruleset"]);
            assert_eq!(nft::rules(), 0);
            nft::load(text);
            assert_eq!(installed, nft::ruleset(), "{policy}");
            nft::run(&["flush", "ruleset"]);
        }
    });
}
