//! Two services, each with its proxy in a namespace of its own.
#![cfg(test)]

use amb_tests_netns::calls::Reached;
use amb_tests_netns::namespace::{Neighbour, inside};
use amb_tests_netns::proxy::{Proxy, within};
use amb_tests_netns::{APPLICATION, calls, peers};

const ROLE: &str = env!("CARGO_BIN_EXE_role");

#[test]
fn two_proxies_call_each_other_through_their_own_redirects() {
    inside("two_proxies_call_each_other_through_their_own_redirects", || {
        peers::serve(&[80]);
        let there = Neighbour::join(ROLE, &["80"]);
        let ours = Proxy::start(ROLE, "pair");
        let theirs = Proxy::try_start(&mut within(there.inside("setpriv"), ROLE, "pair")).unwrap();

        let out = calls::call(ROLE, APPLICATION, &["10.9.0.2:80=two.test"]);
        assert_eq!(out, [Reached::Via("10.9.0.2:80".parse().unwrap())]);
        let back = calls::call_by(
            &mut there.inside("setpriv"),
            ROLE,
            APPLICATION,
            &["10.9.0.1:80=one.test", "[fd09::1]:80=one-v6.test"],
        );
        assert_eq!(
            back,
            ["10.9.0.1:80", "[fd09::1]:80"].map(|it| Reached::Via(it.parse().unwrap()))
        );
        ours.kill();
        theirs.kill();
    });
}
