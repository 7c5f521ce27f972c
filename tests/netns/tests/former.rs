//! Connections that were made before a proxy started, and what the kernel remembers of them.
#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use amb_tests_netns::calls::{Parked, Reached, call};
use amb_tests_netns::namespace::inside;
use amb_tests_netns::proxy::Proxy;
use amb_tests_netns::{APPLICATION, EXCEPTED, PROXY, nft, peers};

const ROLE: &str = env!("CARGO_BIN_EXE_role");

/// Two connections of each family, by their four numbers.
const NUMBERS: [[&str; 2]; 2] = [
    ["10.1.0.1:40000>10.1.0.1:80", "10.1.0.1:40001>10.3.0.1:8000"],
    ["[fd01::1]:40000>[fd01::1]:80", "[fd01::1]:40001>[fd03::1]:8001"],
];

/// Who reaches all of them when that uid calls.
fn reached(caller: u32) -> Vec<u32> {
    let all = NUMBERS.concat();
    let by = |reached| match reached {
        Reached::At(_, uid) => uid,
        other => panic!("{other:?}"),
    };
    call(ROLE, caller, &all).into_iter().map(by).collect()
}

#[test]
fn numbers_that_are_used_again_are_not_taken_for_who_had_them() {
    inside("numbers_that_are_used_again_are_not_taken_for_who_had_them", || {
        peers::serve(&[80, 8000, 8001]);
        for policy in ["open", "closed"] {
            for (before, after, by) in [
                // What went directly would go past the proxy,
                (EXCEPTED, APPLICATION, PROXY),
                // and what was redirected would be again.
                (APPLICATION, EXCEPTED, EXCEPTED),
            ] {
                let proxy = Proxy::start(ROLE, policy);
                let parked = Parked::start(ROLE, before, &NUMBERS.concat());
                proxy.kill();
                // With "open" the kernel does not see them end.
                parked.stop();
                let proxy = Proxy::start(ROLE, policy);
                assert_eq!(reached(after), [by; 4], "{policy}: {before}, then {after}");
                proxy.kill();
            }
        }
    });
}

/// The rules of Docker and of kube-proxy, as iptables-nft writes them: they keep the kernel following
/// connections when our table has gone.
const OTHERS: &str = "
table ip nat {
    chain DOCKER { iifname docker0 counter return; }
    chain KUBE-SVC { meta l4proto tcp counter dnat to 10.2.0.1:8443; }
    chain KUBE-SERVICES { ip daddr 10.96.0.1 tcp dport 443 counter jump KUBE-SVC; }
    chain OUTPUT {
        type nat hook output priority -100; policy accept;
        counter jump KUBE-SERVICES
        ip daddr != 127.0.0.0/8 fib daddr type local counter jump DOCKER
    }
    chain POSTROUTING {
        type nat hook postrouting priority 100; policy accept;
        oifname != docker0 ip saddr 172.17.0.0/16 counter masquerade
    }
}
table ip6 nat {
    chain KUBE-SERVICES { }
    chain OUTPUT { type nat hook output priority -100; policy accept; counter jump KUBE-SERVICES; }
    chain POSTROUTING { type nat hook postrouting priority 100; policy accept; }
}
";

#[test]
fn beside_the_rules_of_others_it_is_as_good_as_alone() {
    inside("beside_the_rules_of_others_it_is_as_good_as_alone", || {
        peers::serve(&[80, 8000, 8001]);
        nft::load(OTHERS);
        let others = nft::rules();
        for policy in ["open", "closed"] {
            let proxy = Proxy::start(ROLE, policy);
            assert_eq!(reached(APPLICATION), [PROXY; 4], "{policy}");
            Parked::start(ROLE, APPLICATION, &NUMBERS.concat()).stop();
            // After a crash the next one takes over.
            proxy.kill();
            let proxy = Proxy::start(ROLE, policy);
            assert_eq!(reached(APPLICATION), [PROXY; 4], "{policy}");
            Parked::start(ROLE, APPLICATION, &NUMBERS.concat()).stop();
            proxy.terminate();
            assert_eq!(proxy.wait().0, Some(0));
            if policy == "open" {
                // What is on record of its connections applies to nobody.
                assert_eq!(reached(APPLICATION), [APPLICATION; 4]);
                assert_eq!(nft::rules(), others);
            }
        }
    });
}

#[test]
fn a_connection_made_before_a_start_goes_on() {
    inside("a_connection_made_before_a_start_goes_on", || {
        peers::serve(&[80]);
        let proxy = Proxy::start(ROLE, "open");
        proxy.kill();
        for destination in ["10.1.0.1:80", "[fd01::1]:80"] {
            let mut live = TcpStream::connect(destination).unwrap();
            live.write_all(b"GET / HTTP/1.1\r\n").unwrap();
            let proxy = Proxy::start(ROLE, "open");
            live.write_all(b"host: a\r\n").unwrap();
            // A crash, and the start after it.
            proxy.kill();
            let proxy = Proxy::start(ROLE, "open");
            live.write_all(b"\r\n").unwrap();
            let mut answer = String::new();
            live.read_to_string(&mut answer).unwrap();
            assert!(answer.ends_with(&format!("at {destination} 0")), "{answer}");
            proxy.kill();
        }
    });
}
