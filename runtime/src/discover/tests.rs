use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use hickory_resolver::proto::rr::RecordType;
use rustix::io::Errno;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::time::Instant;

use super::resolv_conf::ResolvConf;
use super::{
    Answer, Discovery, Endpoints, Listed, Lookup, Resolve, Resolver, hosts, reach, retry_in,
};
use crate::clock::Clock;
use crate::notices::Notices;
use crate::spec::{Address, UpstreamSpec};
use crate::testing::name_server::{NameServer, Zone};
use crate::units::v4;

const NOTICES: Notices = Notices::of("order");
const NO_HOSTS: &str = "/dev/null";

const fn named(host: &'static str) -> UpstreamSpec {
    UpstreamSpec::new("payment", Address::Dns { host, port: 8080 })
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ips(text: &str) -> Vec<IpAddr> {
    text.split_whitespace().map(ip).collect()
}

fn zone(rows: &[(&'static str, &str, u32)]) -> Zone {
    rows.iter().map(|&(name, addresses, ttl)| (name, (ips(addresses), ttl))).collect()
}

async fn addresses(endpoints: &mut Endpoints, expect: &[SocketAddr]) {
    endpoints.wait_for(|now| **now == *expect).await.unwrap();
}

#[tokio::test]
async fn both_families_are_found_with_the_shorter_ttl() {
    let zone = zone(&[("pay.shop.svc.", "127.0.0.2 127.0.0.1 2001:db8::1", 77)]);
    let server = NameServer::start(zone).await;
    let answer = server.resolver(1, &[], NO_HOSTS).resolve("pay.shop.svc").await.unwrap();
    assert_eq!(answer.ttl, Duration::from_secs(77));
    let mut found = answer.addresses;
    found.sort();
    assert_eq!(found, ips("127.0.0.1 127.0.0.2 2001:db8::1"));
}

#[tokio::test]
async fn one_family_is_enough_if_the_other_is_never_answered() {
    for (only, address) in [(RecordType::A, "127.0.0.1"), (RecordType::AAAA, "2001:db8::1")] {
        let rows = [("pay.shop.", "127.0.0.1 2001:db8::1", 5)];
        let server = NameServer::start(zone(&rows)).await;
        server.only.send_replace(Some(only));
        // The name is the last of three candidates.
        let resolver = server.resolver(5, &["svc.", "svc.shop."], NO_HOSTS);
        let found = resolver.resolve("pay.shop.").await;
        assert_eq!(found.map(|answer| answer.addresses), Ok(ips(address)));
        if only == RecordType::A {
            let found = resolver.resolve("pay.shop").await;
            assert_eq!(found.map(|answer| answer.addresses), Ok(ips(address)));
        }
    }
}

#[tokio::test]
async fn names_that_policies_may_write_are_asked_for() {
    for name in ["my_app.shop.", "my_app_1.", "_pay.shop.", "-pay.shop.", "pay-.shop.", "a--b."] {
        let server = NameServer::start(zone(&[(name, "127.0.0.1", 5)])).await;
        let resolver = server.resolver(1, &[], NO_HOSTS);
        let found = resolver.resolve(name).await;
        assert_eq!(found.map(|answer| answer.addresses), Ok(ips("127.0.0.1")), "{name}");
    }
    let server = NameServer::start(Zone::new()).await;
    let resolver = server.resolver(1, &[], NO_HOSTS);
    for name in ["", ".", "a..b", "a b", "a*", &"a".repeat(64), &"a.".repeat(128)] {
        assert!(resolver.resolve(name).await.is_err(), "{name}");
    }
    assert!(server.asked.borrow().is_empty());
}

#[tokio::test]
async fn search_domains_come_first_below_ndots_and_last_above() {
    let rows = [
        // As in a pod: five dots.
        (5, "pay", "pay.shop.svc.", &["pay.shop.svc."][..]),
        (5, "pay.shop", "pay.shop.svc.", &["pay.shop.shop.svc.", "pay.shop.svc."]),
        (1, "pay.shop", "pay.shop.", &["pay.shop."]),
        (1, "pay.shop", "pay.shop.svc.", &["pay.shop.", "pay.shop.shop.svc.", "pay.shop.svc."]),
        (5, "pay.shop.", "pay.shop.", &["pay.shop."]),
    ];
    for (ndots, name, known, order) in rows {
        let server = NameServer::start(zone(&[(known, "127.0.0.1", 5)])).await;
        let resolver = server.resolver(ndots, &["shop.svc.", "svc."], NO_HOSTS);
        assert_eq!(resolver.resolve(name).await.unwrap().addresses, ips("127.0.0.1"), "{name}");
        let mut asked = server.asked.borrow().clone();
        asked.retain(|question| question.starts_with("A "));
        let expect: Vec<_> = order.iter().map(|name| format!("A {name}")).collect();
        assert_eq!(asked, expect, "{name}");
    }
}

#[tokio::test]
async fn what_the_hosts_file_says_needs_no_server() {
    let hosts = std::env::temp_dir().join(format!("amb-hosts-{}", std::process::id()));
    std::fs::write(&hosts, "127.0.0.9 Pay pay.shop my_app_1 # it\n::9 pay\n").unwrap();
    let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    let resolver = Resolver::new(none, ResolverOpts::default(), hosts.clone(), NOTICES).unwrap();
    let of = async |name| resolver.resolve(name).await.map(|answer| answer.addresses);
    assert_eq!(of("pay").await.unwrap(), ips("127.0.0.9 ::9"));
    assert_eq!(of("PAY.shop").await.unwrap(), ips("127.0.0.9"));
    assert_eq!(of("my_app_1").await.unwrap(), ips("127.0.0.9"));
    assert!(of("localhost").await.unwrap().contains(&ip("127.0.0.1")));
    assert!(of("elsewhere").await.is_err());
    std::fs::remove_file(&hosts).unwrap();
}

#[tokio::test]
async fn a_name_that_appears_later_is_found_and_stays_when_it_goes() {
    static UPSTREAMS: &[UpstreamSpec] = &[named("pay.shop.svc")];
    let server = NameServer::start(Zone::new()).await;
    let resolver = server.resolver(1, &[], NO_HOSTS);
    let discovery = Discovery::start(UPSTREAMS, &resolver, Clock::start(), NOTICES);
    discovery.settled().await;
    assert!(discovery.endpoints[0].borrow().is_empty());
    assert!(discovery.status[0].borrow().error.is_some());
    server.zone.send_replace(zone(&[("pay.shop.svc.", "127.0.0.7", 1)]));
    let mut endpoints = discovery.endpoints[0].clone();
    addresses(&mut endpoints, &[v4([127, 0, 0, 7], 8080)]).await;
    server.zone.send_replace(Zone::new());
    let mut status = discovery.status[0].clone();
    let gone = status.wait_for(|status| status.error.is_some()).await.unwrap();
    assert!(gone.answered.is_some());
    assert_eq!(endpoints.borrow().len(), 1);
}

#[tokio::test]
async fn a_dead_name_delays_no_other() {
    static UPSTREAMS: &[UpstreamSpec] = &[named("dead."), named("alive.")];
    let server = NameServer::start(zone(&[("dead.", "", 0), ("alive.", "127.0.0.1", 60)])).await;
    let resolver = server.resolver(1, &[], NO_HOSTS);
    let discovery = Discovery::start(UPSTREAMS, &resolver, Clock::start(), NOTICES);
    let lookup = Lookup::start(Arc::clone(&resolver), Clock::start());
    addresses(&mut discovery.endpoints[1].clone(), &[v4([127, 0, 0, 1], 8080)]).await;
    tokio::select! {
        _ = lookup.resolve("dead.", 1) => panic!("nobody answers that"),
        found = lookup.resolve("alive.", 1) => assert_eq!(found, Ok(vec![v4([127, 0, 0, 1], 1)])),
    }
    assert!(!discovery.status[0].borrow().settled);
}

/// Answers from a list, and tells when it was asked.
struct Script {
    answers: Mutex<VecDeque<Result<Answer, String>>>,
    asked: mpsc::UnboundedSender<Instant>,
}

impl Resolve for Script {
    async fn resolve(&self, _: &str) -> Result<Answer, String> {
        self.asked.send(Instant::now()).unwrap();
        let next = self.answers.lock().await.pop_front();
        match next {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_ttl_and_the_failures_set_the_pace() {
    static UPSTREAMS: &[UpstreamSpec] = &[named("pay")];
    let found = |ttl| Ok(Answer { addresses: ips("127.0.0.1"), ttl: Duration::from_secs(ttl) });
    let failed = || Err("no such name".to_owned());
    let answers = [found(30), found(0), failed(), failed(), failed(), found(86_400)].into();
    let (asked, mut times) = mpsc::unbounded_channel();
    let script = Arc::new(Script { answers: Mutex::new(answers), asked });
    let discovery = Discovery::start(UPSTREAMS, &script, Clock::start(), NOTICES);
    let mut last = times.recv().await.unwrap();
    for wait in [30, 1, 1, 2, 4, 300] {
        let now = times.recv().await.unwrap();
        // Timers are good to a millisecond.
        let late = (now - last).saturating_sub(Duration::from_secs(wait));
        assert!(now - last >= Duration::from_secs(wait), "{wait}");
        assert!(late <= Duration::from_millis(1), "{wait}: {late:?}");
        last = now;
    }
    assert_eq!(discovery.endpoints[0].borrow().len(), 1);
}

/// A long TTL, until the hosts file says something.
struct Revised(Script, Notify);

impl Resolve for Revised {
    fn resolve(&self, host: &str) -> impl Future<Output = Result<Answer, String>> + Send {
        self.0.resolve(host)
    }

    fn revised(&self) -> impl Future<Output = ()> + Send {
        self.1.notified()
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_machine_says_anew_ends_every_ttl() {
    static UPSTREAMS: &[UpstreamSpec] = &[named("pay")];
    let found = || Ok(Answer { addresses: ips("127.0.0.1"), ttl: Duration::from_secs(300) });
    let answers = [found(), found(), found(), found()].into();
    let (asked, mut times) = mpsc::unbounded_channel();
    let script = Script { answers: Mutex::new(answers), asked };
    let script = Arc::new(Revised(script, Notify::new()));
    let _discovery = Discovery::start(UPSTREAMS, &script, Clock::start(), NOTICES);
    let lookup = Lookup::start(Arc::clone(&script), Clock::start());
    for _ in 0..2 {
        // The upstream's name, and one that a call asks for.
        times.recv().await.unwrap();
        for _ in 0..2 {
            lookup.resolve("passed", 80).await.unwrap();
        }
        times.recv().await.unwrap();
        assert!(times.try_recv().is_err());
        script.1.notify_waiters();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hosts_file_is_looked_at_every_few_seconds() {
    let hosts = std::env::temp_dir().join(format!("amb-revised-{}", std::process::id()));
    std::fs::write(&hosts, "127.0.0.9 pay\n").unwrap();
    let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    let resolver = Resolver::new(none, ResolverOpts::default(), hosts.clone(), NOTICES).unwrap();
    let mut revised = std::pin::pin!(resolver.revised());
    let minute = Duration::from_secs(60);
    assert!(tokio::time::timeout(minute, &mut revised).await.is_err());
    std::fs::write(&hosts, "127.0.0.9 pay shop\n").unwrap();
    tokio::time::timeout(hosts::FRESH, revised).await.unwrap();
    std::fs::remove_file(&hosts).unwrap();
}

#[test]
fn failing_look_ups_slow_down_to_half_a_minute() {
    let waits: Vec<_> = (1..9).map(|failures| retry_in(failures).as_secs()).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
}

#[tokio::test]
async fn literals_are_not_looked_up() {
    let (asked, mut times) = mpsc::unbounded_channel();
    let script = Script { answers: Mutex::default(), asked };
    let lookup = Lookup::start(Arc::new(script), Clock::start());
    for host in ["192.0.2.1", "2001:db8::1", "[2001:db8::1]"] {
        let found = lookup.resolve(host, 443).await.unwrap();
        assert_eq!(found[0].port(), 443, "{host}");
    }
    assert!(times.try_recv().is_err());
}

/// Takes its time, and counts its look-ups.
struct Slow(Duration, AtomicUsize);

impl Resolve for Slow {
    async fn resolve(&self, _: &str) -> Result<Answer, String> {
        self.1.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.0).await;
        Ok(Answer { addresses: ips("127.0.0.1"), ttl: Duration::ZERO })
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_outlives_the_call_that_began_it() {
    const PATIENCE: Duration = Duration::from_secs(1);
    let slow = Arc::new(Slow(Duration::from_millis(1200), AtomicUsize::new(0)));
    let lookup = Lookup::start(Arc::clone(&slow), Clock::start());
    let expect = Ok(vec![v4([127, 0, 0, 1], 80)]);
    let call = || tokio::time::timeout(PATIENCE, lookup.resolve("Pay.shop", 80));
    assert!(call().await.is_err());
    // The second joins the look-up of the first, and the third has its answer.
    assert_eq!(call().await.unwrap(), expect);
    assert_eq!(call().await.unwrap(), expect);
    assert_eq!(slow.1.load(Ordering::Relaxed), 1);
    // An answer is used for a second at least, and no longer than its TTL says.
    tokio::time::sleep(PATIENCE).await;
    assert!(call().await.is_err());
    assert_eq!(slow.1.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn look_ups_that_nobody_waits_for_are_bounded() {
    let slow = Arc::new(Slow(Duration::from_secs(15), AtomicUsize::new(0)));
    let lookup = Lookup::start(Arc::clone(&slow), Clock::start());
    for call in 0..1000 {
        let name = format!("name-{call}");
        let asked = tokio::time::timeout(Duration::from_millis(1), lookup.resolve(&name, 80));
        assert!(asked.await.is_err());
        assert!(Arc::strong_count(&slow) <= 300, "{}", Arc::strong_count(&slow));
    }
}

#[tokio::test]
async fn name_servers_are_those_that_resolv_conf_names_now() {
    let first = NameServer::start(zone(&[("pay.", "127.0.0.7", 1)])).await;
    let port = first.address.port();
    let second = (v4([127, 0, 0, 2], port), zone(&[("pay.", "127.0.0.8", 1), ("new.", "::8", 1)]));
    let _second = NameServer::at(second.0, second.1).await;
    let folder = std::env::temp_dir().join(format!("amb-resolv-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let (target, link) = (folder.join("stub"), folder.join("resolv.conf"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let write = |text: &str| {
        std::fs::write(folder.join("next"), text).unwrap();
        std::fs::rename(folder.join("next"), &target).unwrap();
    };
    let resolver = Resolver::following(ResolvConf::at(link, port), NO_HOSTS.into(), NOTICES);
    let resolver = resolver.unwrap();
    let of = async |name| resolver.resolve(name).await.map(|answer| answer.addresses);
    assert!(of("pay.").await.is_err());
    write("nameserver 127.0.0.1\n");
    assert_eq!(of("pay.").await, Ok(ips("127.0.0.7")));
    write("nameserver 127.0.0.2\n");
    assert_eq!(of("pay.").await, Ok(ips("127.0.0.8")));
    // What names no server, as while it is being written, changes nothing.
    write("# nothing yet\n");
    assert_eq!(of("new.").await, Ok(ips("::8")));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_we_lack_ourselves_says_nothing_about_a_route() {
    let both = ips("192.0.2.1 2001:db8::1");
    let without = |what: Errno| {
        let ask = |ip: IpAddr| if ip.is_ipv6() { Err(what.into()) } else { Ok(()) };
        reach::usable_by(&both, ask).map_err(|error| Errno::from_io_error(&error).unwrap())
    };
    for route in [Errno::NETUNREACH, Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL] {
        assert_eq!(without(route), Ok(ips("192.0.2.1")));
    }
    for want in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
        assert_eq!(without(want), Err(want));
    }
    let nowhere = reach::usable_by(&both, |_| Err(Errno::NETUNREACH.into()));
    assert_eq!(nowhere.unwrap(), both);
}

#[tokio::test]
async fn a_machine_without_name_servers_still_has_a_resolver() {
    let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    let resolver =
        Resolver::new(none, ResolverOpts::default(), PathBuf::from("/nonexistent"), NOTICES);
    let resolver = resolver.unwrap();
    assert!(resolver.resolve("pay.shop.svc").await.is_err());
    assert!(resolver.resolve("localhost").await.is_ok());
}

#[test]
fn long_lists_are_shown_by_their_beginning() {
    let endpoints: Vec<_> = (1..8).map(|n| v4([10, 0, 0, n], 80)).collect();
    assert_eq!(Listed(&endpoints[..1]).to_string(), "10.0.0.1:80");
    let expect = "10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80, 10.0.0.4:80 and 3 more";
    assert_eq!(Listed(&endpoints).to_string(), expect);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let server = NameServer::start(Zone::new()).await;
    let resolver = server.resolver(1, &[], NO_HOSTS);
    let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    let alone =
        Resolver::new(none, ResolverOpts::default(), PathBuf::from(NO_HOSTS), NOTICES).unwrap();
    assert_eq!(resolver.resolve("v4.").await, Err("the name does not exist".to_owned()));
    assert_eq!(alone.resolve("v4.").await, Err("no name server can be reached".to_owned()));
}
