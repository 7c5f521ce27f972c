//! One version of a policy deployed in place of another: while its process lives, and over what it
//! left.
#![cfg(test)]

use amb_tests_netns::calls::{Reached, call};
use amb_tests_netns::namespace::inside;
use amb_tests_netns::policies::VERSIONS;
use amb_tests_netns::proxy::{Proxy, command_as};
use amb_tests_netns::{APPLICATION, Version, nft, peers};
use serde_json::Value;

const ROLE: &str = env!("CARGO_BIN_EXE_role");

fn start(version: &Version) -> Proxy {
    let started = Proxy::try_start(&mut command_as(version.user, ROLE, version.name));
    started.unwrap_or_else(|failed| panic!("{version:?}: {failed:#?}"))
}

/// Calls go where this version sends them.
fn is_in_force(version: &Version) {
    let reached = call(ROLE, APPLICATION, &[version.redirected, version.excepted]);
    let expected = [(version.redirected, version.user), (version.excepted, APPLICATION)]
        .map(|(address, uid)| Reached::At(address.parse().unwrap(), uid));
    assert_eq!(reached, expected, "{version:?}");
}

/// What the kernel has where nothing was before this version.
fn rules_of(version: &Version) -> Vec<Value> {
    let proxy = start(version);
    let rules = nft::ruleset();
    proxy.kill();
    // With "closed" it is still there.
    nft::run(&["delete", "table", "inet", "amb-web"]);
    assert_eq!(nft::ruleset(), Vec::<Value>::new(), "{version:?}");
    rules
}

#[test]
fn every_version_is_deployed_over_every_other() {
    inside("every_version_is_deployed_over_every_other", || {
        peers::serve(&[80, 8000]);
        let versions: Vec<_> = VERSIONS.iter().map(|it| (it, rules_of(it))).collect();
        for (former, former_rules) in &versions {
            for (version, rules) in &versions {
                let proxy = start(former);
                // While it lives, nothing changes,
                let mut second = command_as(version.user, ROLE, version.name);
                let refused = Proxy::try_start(&mut second).unwrap_err();
                assert!(matches!(refused.code, Some(69 | 78)), "{version:?}: {refused:#?}");
                assert_eq!(&nft::ruleset(), former_rules, "{version:?} beside {former:?}");
                proxy.kill();
                // and then everything.
                let proxy = start(version);
                assert_eq!(&nft::ruleset(), rules, "{version:?} over {former:?}");
                is_in_force(version);
                proxy.kill();
            }
        }
    });
}
