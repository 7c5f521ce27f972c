//! Does anything stay behind? Random calls that end badly at every point and from both sides; then
//! all is quiet, and the proxy must be where it began.
//!
//! ```text
//! caller ──▶ proxy (policies/soak.amb) ──▶ upstream
//!   cut         HTTP/1.1 and opaque          cut
//! ```
//!
//! A cut is a reset, a close, a half-close or a stall, behind a random number of bytes. Both ends
//! draw from one seed, but connections meet as the kernel has them: two runs are alike, not equal.

mod callers;
mod cut;
mod rest;
mod upstream;

use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use self::cut::Random;
use self::rest::Rest;
use crate::folder::CHECKOUT;
use crate::ours;
use crate::process::Running;

/// The ports of `policies/soak.amb`, on 127.0.0.1.
const HTTP: u16 = 18490;
const ADMIN: u16 = 18491;
const WEB: u16 = 18492;
const RAW: u16 = 18493;
const OPAQUE: u16 = 18494;

/// Callers at once.
const CALLERS: u64 = 64;
/// So long does the memory grow to its usual size.
const WARM_UP: Duration = Duration::from_secs(20);
/// So long may it take until all connections are closed and all budgets are forgotten.
const PATIENCE: Duration = Duration::from_secs(150);
/// What an allocator keeps may differ by so much.
const MEMORY_SLACK: u64 = 2 * 1024;

pub(crate) fn run(seconds: u64, seed: u64) -> ExitCode {
    let policy = std::path::Path::new(CHECKOUT).join("bench/policies/soak.amb");
    let program = ours::build(&policy, "soak");
    let proxy = Command::new(program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("the proxy cannot be started: {error}"));
    let proxy = Running::new(proxy);
    let random = Arc::new(Random::new(seed));
    upstreams(&random);
    let began = Rest::await_start(proxy.id());
    play(&random, WARM_UP);
    let warm = Rest::await_quiet(proxy.id(), &began, PATIENCE);
    let calls = play(&random, Duration::from_secs(seconds));
    let ended = Rest::await_quiet(proxy.id(), &began, PATIENCE);
    println!("{calls} connections of callers in {seconds} s, seed {seed}\n");
    println!("{}", rest::table(&began, &warm, &ended));
    let places = callers::all_places_are_free();
    println!("tunnels at once, of 200 that the policy allows: {places}");
    let same = ended.is_where(&began) && ended.memory <= warm.memory + MEMORY_SLACK;
    proxy.stop();
    if same && places == 200 {
        println!("nothing stayed behind");
        ExitCode::SUCCESS
    } else {
        println!("something stayed behind");
        ExitCode::FAILURE
    }
}

/// Both upstreams, until we end.
fn upstreams(random: &Arc<Random>) {
    let random = Arc::clone(random);
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(upstream::serve(random));
    });
    // The proxy resolves nothing here, and what it dials is bound before anybody calls.
    let end = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", RAW)).is_err() {
        assert!(Instant::now() < end, "the upstreams cannot listen at {WEB} and {RAW}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Calls for so long; how many connections that were.
fn play(random: &Arc<Random>, time: Duration) -> u64 {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(callers::call(random, Instant::now() + time))
}
