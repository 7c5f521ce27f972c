//! `amb demo`: a service that fails, its callers, and the ambassador between them.
//!
//! The proxy is the real one, built from `examples/demo/demo.amb`. The service and its callers are
//! threads of this process. Everything happens on 127.7.7.7, which is this machine.

mod caller;
mod proxy;
mod stage;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::args;
use crate::cargo;
use crate::commands::build;
use crate::console::Console;
use crate::failure::Failure;
use proxy::Proxy;
use stage::Stage;
use upstream::Upstream;

/// The demo's own address, so that it meets no other service of this machine.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 7, 7, 7);
/// `open-for` of the demo's policy, and a little.
const OPEN_FOR: Duration = Duration::from_millis(3_050);

pub(crate) fn run(console: &mut Console) -> Result<(), Failure> {
    let policy = cargo::source(None, "examples/demo")?.join("demo.amb");
    let binary = std::env::temp_dir().join(format!("amb-demo-{}", std::process::id()));
    console.note("building the proxy from examples/demo/demo.amb (the first time takes minutes)\n");
    build::binary(&arguments(policy, binary.clone()), console)?;
    let shown = show(&binary, console);
    // Not there any more: nothing to clean up.
    drop(std::fs::remove_file(&binary));
    shown
}

fn arguments(file: PathBuf, binary: PathBuf) -> args::Build {
    args::Build { file, output: Some(binary), debug: true, runtime: None }
}

fn show(binary: &std::path::Path, console: &mut Console) -> Result<(), Failure> {
    let address = SocketAddr::from((HOST, 8081));
    let upstream = Upstream::start(address).map_err(|error| {
        Failure::Stopped(format!("the demo needs {address}, which cannot be had: {error}"))
    })?;
    let proxy = Proxy::start(binary)?;
    let mut stage = Stage::new(SocketAddr::from((HOST, 15001)), &upstream, console);
    let played = play(&mut stage).map_err(|error| {
        Failure::Internal(format!("the demo's calls did not go as they should: {error}"))
    });
    drop(proxy);
    played
}

fn play(stage: &mut Stage<'_>) -> Result<(), String> {
    stage
        .scene("1. The service fails twice. The application's one call succeeds at the third try.");
    stage.upstream.answer(&[503, 503], 200);
    let answer = stage.call("GET /v1/quotes/7", "")?;
    stage.tries();
    check(answer.status == 200, "the quote should have succeeded")?;

    stage.scene("2. A payment that fails is not sent twice: nobody said that this is safe.");
    stage.upstream.answer(&[503], 200);
    let answer = stage.call("POST /v1/charges", "")?;
    check(answer.status == 503 && stage.tries() == 1, "the charge should have been sent once")?;

    stage.scene("3. With an idempotency key it is: the policy allows it.");
    stage.upstream.answer(&[503], 201);
    let answer = stage.call("POST /v1/charges", "idempotency-key: k-1\r\n")?;
    check(answer.status == 201 && stage.tries() == 2, "the charge should have been repeated")?;

    stage.scene("4. The service goes down. Five failures in a row open the breaker.");
    stage.upstream.answer(&[], 503);
    for _ in 0..5 {
        stage.call("POST /v1/charges", "")?;
    }
    check(stage.tries() == 5, "five charges should have reached the service")?;

    stage.scene("5. While it is open calls fail at once, and the service is left alone.");
    let answers = stage.together("GET /v1/quotes/7", 200);
    check(answers.iter().all(|answer| answer.by_proxy.is_some()), "all should be ours")?;
    check(stage.tries() == 0, "the service should have been left alone")?;

    stage.scene("6. After 3 s one call is let through to look. It fails: open for another 3 s.");
    stage.pause(OPEN_FOR);
    stage.together("POST /v1/charges", 50);
    check(stage.tries() == 1, "there should have been exactly one probe")?;

    stage.scene("7. The service recovers. The next probe succeeds and closes the breaker.");
    stage.upstream.answer(&[], 200);
    stage.pause(OPEN_FOR);
    let answer = stage.call("POST /v1/charges", "")?;
    check(answer.status == 200, "the probe should have succeeded")?;
    let answers = stage.together("POST /v1/charges", 50);
    stage.tries();
    check(answers.iter().all(|answer| answer.status == 200), "all should have succeeded")?;
    stage.end();
    Ok(())
}

fn check(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}
