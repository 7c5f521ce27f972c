//! Connections that stay are spread over the workers, whatever the kernel's hash makes of them.

use amb_runtime::testing::Live;
use amb_tests_wire::caller::{Caller, get};
use amb_tests_wire::policies::full::Full;
use amb_tests_wire::upstream::{Upstream, reply};

const WORKERS: usize = 3;

#[test]
fn connections_that_stay_are_spread_evenly() {
    // By the hash alone they would be even in one of eight rounds.
    for _ in 0..10 {
        let upstream = Upstream::script([reply("200 OK", "fine")]);
        let proxy = Live::start::<Full>(WORKERS, &[("catalog", upstream.address)]);
        let mut callers = Vec::new();
        for _ in 0..2 * WORKERS {
            let mut caller = Caller::connect(proxy.address());
            assert_eq!(caller.call(get("/ok")).text(), "fine");
            callers.push(caller);
        }
        assert_eq!(proxy.carried(), [2; WORKERS]);
        // However they came about, all of them still work.
        for caller in &mut callers {
            assert_eq!(caller.call(get("/ok")).text(), "fine");
        }
    }
}

#[test]
fn whoever_comes_after_others_have_left_finds_the_worker_that_is_free() {
    let upstream = Upstream::script([reply("200 OK", "fine")]);
    let proxy = Live::start::<Full>(2, &[("catalog", upstream.address)]);
    for _ in 0..20 {
        let mut caller = Caller::connect(proxy.address());
        assert_eq!(caller.call(get("/ok")).text(), "fine");
        let mut second = Caller::connect(proxy.address());
        assert_eq!(second.call(get("/ok")).text(), "fine");
    }
    let carried = proxy.carried();
    assert_eq!(carried.iter().sum::<u64>(), 40);
    assert!(carried.iter().all(|&it| it > 0), "{carried:?}");
}
