//! What becomes of calls when a proxy ends, by itself or not.
#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use amb_tests_netns::calls::{Load, Reached, call};
use amb_tests_netns::namespace::inside;
use amb_tests_netns::proxy::{POLICY, Proxy, command};
use amb_tests_netns::{APPLICATION, PROXY, nft, peers};

const ROLE: &str = env!("CARGO_BIN_EXE_role");
const DESTINATION: &str = "10.1.0.1:80";
const ROUNDS: usize = 100;
const STARTS: usize = 21;

fn reached_by(uid: u32) -> Reached {
    Reached::At(DESTINATION.parse().unwrap(), uid)
}

fn next_call() -> Reached {
    call(ROLE, APPLICATION, &[DESTINATION]).remove(0)
}

#[test]
fn with_open_the_next_call_after_a_kill_goes_directly() {
    inside("with_open_the_next_call_after_a_kill_goes_directly", || {
        peers::serve(&[80]);
        let load = Load::start(ROLE, APPLICATION, DESTINATION);
        for round in 0..ROUNDS {
            let proxy = Proxy::start(ROLE, "open");
            assert_eq!(next_call(), reached_by(PROXY), "round {round}");
            proxy.kill();
            assert_eq!(nft::ruleset(), Vec::<serde_json::Value>::new(), "round {round}");
            assert_eq!(next_call(), reached_by(APPLICATION), "round {round}");
        }
        let allowed = [reached_by(PROXY), reached_by(APPLICATION), Reached::Refused, Reached::Cut];
        let came = load.stop();
        assert!(came.iter().all(|(what, _)| allowed.contains(what)), "{came:?}");
    });
}

#[test]
fn with_closed_nothing_goes_past_the_proxy_until_it_is_back() {
    inside("with_closed_nothing_goes_past_the_proxy_until_it_is_back", || {
        peers::serve(&[80]);
        Proxy::start(ROLE, "closed").kill();
        let installed = nft::ruleset();
        let load = Load::start(ROLE, APPLICATION, DESTINATION);
        for round in 0..ROUNDS {
            assert_eq!(next_call(), Reached::Refused, "round {round}");
            let proxy = Proxy::start(ROLE, "closed");
            assert_eq!(nft::ruleset(), installed, "round {round}");
            assert_eq!(next_call(), reached_by(PROXY), "round {round}");
            proxy.kill();
            assert_eq!(nft::ruleset(), installed, "round {round}");
        }
        // Not one went directly.
        let allowed = [reached_by(PROXY), Reached::Refused, Reached::Cut];
        let came = load.stop();
        assert!(came.iter().all(|(what, _)| allowed.contains(what)), "{came:?}");
    });
}

#[test]
fn while_it_drains_live_connections_live_and_new_ones_are_served() {
    inside("while_it_drains_live_connections_live_and_new_ones_are_served", || {
        peers::serve(&[80]);
        for (policy, afterwards) in
            [("open", reached_by(APPLICATION)), ("closed", Reached::Refused)]
        {
            let proxy = Proxy::start(ROLE, policy);
            let mut live = TcpStream::connect(DESTINATION).unwrap();
            live.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").unwrap();
            proxy.terminate();
            assert_eq!(next_call(), reached_by(PROXY), "{policy}");
            live.write_all(b"\r\n").unwrap();
            let mut answer = String::new();
            live.read_to_string(&mut answer).unwrap();
            assert!(answer.ends_with(&format!("at {DESTINATION} {PROXY}")), "{policy}: {answer}");
            assert_eq!(proxy.wait().0, Some(0), "{policy}");
            assert_eq!(next_call(), afterwards, "{policy}");
        }
    });
}

#[test]
fn a_start_takes_milliseconds() {
    inside("a_start_takes_milliseconds", || {
        let with_one_capability = median(|| command(ROLE, "open"));
        let as_root = median(|| {
            let mut root = Command::new(ROLE);
            root.env(POLICY, "open");
            root
        });
        println!(
            "start to READY, rules installed and tried, median of {STARTS}: {with_one_capability:?} \
             with CAP_NET_ADMIN (`setpriv` included), {as_root:?} as root"
        );
        // Compiled without optimisation, on a machine that does other things too. What it must not
        // do is wait for something: the shortest of its patiences is a second.
        for median in [with_one_capability, as_root] {
            assert!(median < Duration::from_millis(250), "{median:?}");
        }
    });
}

fn median(command: impl Fn() -> Command) -> Duration {
    let mut times: Vec<_> = (0..STARTS)
        .map(|_| {
            let proxy = Proxy::try_start(&mut command()).unwrap();
            let ready_after = proxy.ready_after;
            proxy.kill();
            ready_after
        })
        .collect();
    times.sort_unstable();
    times[STARTS / 2]
}
