//! `amb demo`: a service that fails, its callers, and the ambassador between them.
//!
//! The proxy is the real one, built from a policy of `examples`. The service and its callers are
//! threads of this process, and curl.
//!
//! ```text
//! may we have a network namespace? ─▶ yes: this program again, inside: the application dials the
//!        │                            service by name, and is redirected
//!        └─▶ no: on 127.7.7.7, which is this machine: the application dials the ambassador
//! ```

mod caller;
mod namespace;
mod proxy;
mod scenes;
mod stage;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::args;
use crate::cargo;
use crate::commands::build;
use crate::console::Console;
use crate::failure::Failure;
use caller::Application;
use namespace::Namespace;
use proxy::Proxy;
use stage::Stage;
use upstream::Upstream;

const REDIRECTED: &str = "examples/demo-redirected";
const TOLD: &str = "examples/demo";

/// The demo's own address, so that it meets no other service of this machine.
const HOST: Ipv4Addr = Ipv4Addr::new(127, 7, 7, 7);

pub(crate) fn run(args: &args::Demo, console: &mut Console) -> Result<(), Failure> {
    if let Some(binary) = &args.inside {
        return redirected(binary, console);
    }
    let why = match Namespace::find() {
        Ok(namespace) => {
            match built(REDIRECTED, console, |binary, _| inside(&namespace, binary))? {
                Inside::Shown => return Ok(()),
                Inside::Astray => return Err(Failure::Findings),
                Inside::Impossible => "the reason is above".to_owned(),
            }
        }
        Err(why) => why,
    };
    console.note(&format!(
        "Connections cannot be redirected here ({why}), so the application is told where its \
         ambassador is.\n"
    ));
    built(TOLD, console, told)?
}

/// What became of the demo in the namespace. If something went wrong, it has been said.
enum Inside {
    Shown,
    Impossible,
    Astray,
}

/// Builds the policy of a folder, and shows its proxy.
fn built<T>(
    folder: &str,
    console: &mut Console,
    show: impl FnOnce(&Path, &mut Console) -> T,
) -> Result<T, Failure> {
    let policy = cargo::source(None, folder)?.join("demo.amb");
    let binary = std::env::temp_dir().join(format!("amb-demo-{}", std::process::id()));
    build::binaries(&arguments(policy, binary.clone()), console)?;
    let shown = show(&binary, console);
    // Not there any more: nothing to clean up.
    drop(std::fs::remove_file(&binary));
    Ok(shown)
}

fn arguments(file: PathBuf, binary: PathBuf) -> args::Build {
    args::Build { files: vec![file], output: Some(binary), debug: true, runtime: None }
}

/// This program again, in the namespace.
fn inside(namespace: &Namespace, binary: &Path) -> Inside {
    let again = std::env::current_exe().and_then(|ourselves| {
        namespace.command(&ourselves).args(["demo", "--inside"]).arg(binary).status()
    });
    match again.ok().and_then(|status| status.code()) {
        Some(0) => Inside::Shown,
        Some(1) => Inside::Impossible,
        _ => Inside::Astray,
    }
}

/// The application dials the service. Needs a namespace that nobody else uses.
fn redirected(binary: &Path, console: &mut Console) -> Result<(), Failure> {
    namespace::furnish()?;
    let service = SocketAddr::from((namespace::SERVICE, 80));
    let upstream = serve(service)?;
    let mut stage = Stage::new(Application::untold(service), &upstream, console);
    scenes::without(&mut stage).map_err(astray)?;
    let proxy = Proxy::start(binary)?;
    scenes::comes(&mut stage, &proxy);
    scenes::play(&mut stage).and_then(|()| scenes::goes(&mut stage, proxy)).map_err(astray)?;
    stage.end(REDIRECTED);
    Ok(())
}

/// The application dials the ambassador.
fn told(binary: &Path, console: &mut Console) -> Result<(), Failure> {
    let upstream = serve(SocketAddr::from((HOST, 8081)))?;
    // To be dropped last: the ambassador ends with the demo.
    let _proxy = Proxy::start(binary)?;
    let ambassador = SocketAddr::from((HOST, 15001));
    let mut stage = Stage::new(Application::told(ambassador), &upstream, console);
    scenes::play(&mut stage).map_err(astray)?;
    stage.end(TOLD);
    Ok(())
}

fn serve(address: SocketAddr) -> Result<Upstream, Failure> {
    Upstream::start(address).map_err(|error| {
        Failure::Stopped(format!("the demo needs {address}, which cannot be had: {error}"))
    })
}

fn astray(error: String) -> Failure {
    Failure::Internal(format!("the demo's calls did not go as they should: {error}"))
}
