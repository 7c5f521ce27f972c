//! The proxies under measurement. Their configurations are in `peers/`: equal work, one thread each.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::cores::Cores;
use crate::folder::Folder;
use crate::process::Running;
use crate::programs::{envoy, find, pingora, version};
use crate::protocol::Protocol;
use crate::relay::ROLE;
use crate::request::SMALL;
use crate::{load, ours};

/// This proxy.
pub(crate) const OURS: &str = "amb";
/// The floor: bytes from here to there.
pub(crate) const RELAY: &str = "raw TCP relay";
pub(crate) const NGINX: &str = "nginx";
pub(crate) const HAPROXY: &str = "HAProxy";
pub(crate) const ENVOY: &str = "Envoy";
pub(crate) const PINGORA: &str = "Pingora";
/// It neither retries nor makes ids, and is no peer but for what HTTP/2 costs.
pub(crate) const NGHTTPX: &str = "nghttpx";

/// A program that can be started as a proxy.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) version: String,
    /// What else than this protocol it is not compared in.
    only: Option<Protocol>,
    start: fn(&Peer, &Setup) -> Start,
}

/// What a proxy is started with.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) cores: &'a Cores,
    pub(crate) folder: &'a Folder,
    /// Where its access log goes.
    pub(crate) log: &'a Path,
    pub(crate) protocol: Protocol,
}

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Running,
}

/// How a proxy is started.
enum Start {
    /// It is told where to listen.
    At(SocketAddr, Command),
    /// It says where it listens.
    Announced(Command),
}

/// A peer that is not here, and why.
pub(crate) type Missing = (&'static str, &'static str);

/// A peer of sidecars that nobody can have without its control plane.
pub(crate) const LINKERD: Missing = ("linkerd2-proxy", "no package of it is to be had");

/// All that this machine has.
pub(crate) fn all() -> (Vec<Peer>, Vec<Missing>) {
    let mut peers = vec![itself(), ours()];
    let mut missing = vec![LINKERD];
    let fetched = "`cargo run --release -p amb-bench -- peers` fetches it";
    let mut add = |name, program: Option<PathBuf>, asked: &[&str], why, start| match program {
        Some(program) => {
            let version = version(&program, asked);
            let only = (name == NGHTTPX).then_some(Protocol::Http2);
            peers.push(Peer { name, program, version, only, start });
        }
        None => missing.push((name, why)),
    };
    add(NGINX, find("nginx"), &["-v"], "not installed", of_nginx);
    add(HAPROXY, find("haproxy"), &["-v"], "not installed", of_haproxy);
    add(ENVOY, envoy(), &["--version"], fetched, of_envoy);
    add(PINGORA, pingora(), &["--version"], fetched, of_pingora);
    add(NGHTTPX, find("nghttpx"), &["--version"], "not installed", of_nghttpx);
    (peers, missing)
}

/// This very program in another role.
fn itself() -> Peer {
    let program = std::env::current_exe().expect("we run from a file");
    let start = |peer: &Peer, setup: &Setup| {
        let mut command = Command::new(&peer.program);
        command.env(ROLE, "relay").arg(setup.protocol.origin());
        Start::Announced(command)
    };
    Peer {
        name: RELAY,
        program,
        version: "`copy_bidirectional` of tokio".to_owned(),
        only: None,
        start,
    }
}

/// What `amb build` makes of the policy.
fn ours() -> Peer {
    built(OURS, ours::build(&ours::policy(), "bench"))
}

/// What `amb build` made, under any name.
pub(crate) fn built(name: &'static str, program: PathBuf) -> Peer {
    let start = |peer: &Peer, setup: &Setup| {
        Start::Announced(match setup.protocol {
            Protocol::Http1 => Command::new(&peer.program),
            Protocol::Http2 => Command::new(ours::http2()),
        })
    };
    Peer { name, program, version: env!("CARGO_PKG_VERSION").to_owned(), only: None, start }
}

fn of_nginx(peer: &Peer, setup: &Setup) -> Start {
    let address = free_address();
    let file = configured(include_str!("../peers/nginx.conf"), "nginx.conf", address, setup);
    let mut command = Command::new(&peer.program);
    command.arg("-c").arg(file).args(["-e", "/dev/null"]);
    Start::At(address, command)
}

fn of_haproxy(peer: &Peer, setup: &Setup) -> Start {
    let address = free_address();
    let file = configured(include_str!("../peers/haproxy.cfg"), "haproxy.cfg", address, setup);
    let mut command = Command::new(&peer.program);
    command.args(["-db", "-f"]).arg(file);
    Start::At(address, command)
}

fn of_envoy(peer: &Peer, setup: &Setup) -> Start {
    let address = free_address();
    let file = configured(include_str!("../peers/envoy.yaml"), "envoy.yaml", address, setup);
    let mut command = Command::new(&peer.program);
    command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "off", "-c"]);
    command.arg(file);
    Start::At(address, command)
}

fn of_pingora(peer: &Peer, setup: &Setup) -> Start {
    let address = free_address();
    let mut command = Command::new(&peer.program);
    command.args([&address.to_string(), setup.protocol.origin()]).arg(setup.log);
    command.arg(setup.protocol.either("http1", "http2"));
    Start::At(address, command)
}

/// It logs every call: nghttpx cannot choose one in ten.
fn of_nghttpx(peer: &Peer, setup: &Setup) -> Start {
    let address = free_address();
    let [front, back] = [address.to_string(), setup.protocol.origin().to_owned()]
        .map(|address| address.replace(':', ","));
    let mut command = Command::new(&peer.program);
    command.args(["--conf=/dev/null", "--single-process", "--workers=1"]);
    command.arg(format!("--frontend={front};no-tls"));
    command.arg(format!("--backend={back};;proto={}", setup.protocol.either("http/1.1", "h2")));
    command.arg("--frontend-http2-max-concurrent-streams=1024");
    command.arg(format!("--accesslog-file={}", setup.log.display()));
    Start::At(address, command)
}

/// A configuration with its places filled in.
fn configured(text: &str, name: &str, address: SocketAddr, setup: &Setup) -> PathBuf {
    let Setup { folder, log, protocol, .. } = setup;
    let origin = protocol.origin();
    let (origin_host, origin_port) = origin.split_once(':').unwrap();
    let text = text
        .replace("@ADDRESS@", &address.to_string())
        .replace("@HOST@", &address.ip().to_string())
        .replace("@PORT@", &address.port().to_string())
        .replace("@ORIGIN@", origin)
        .replace("@ORIGIN_HOST@", origin_host)
        .replace("@ORIGIN_PORT@", origin_port)
        // For nginx, which speaks HTTP/1.1 to upstreams, and HTTP/2 to those of gRPC.
        .replace("@ORIGIN1@", Protocol::Http1.origin())
        .replace("@ORIGIN2@", Protocol::Http2.origin())
        .replace("@FRONT@", protocol.either("", " http2"))
        .replace("@PROTO@", protocol.either("", " proto h2"))
        .replace("@OPTIONS@", protocol.either("http_protocol_options", "http2_protocol_options"))
        .replace("@FOLDER@", &folder.path().to_string_lossy())
        .replace("@LOG@", &log.to_string_lossy());
    setup.folder.file(name, &text)
}

/// A port that was free a moment ago: these programs cannot choose one themselves.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port is free")
}

impl Peer {
    /// Is it compared in that protocol?
    pub(crate) fn speaks(&self, protocol: Protocol) -> bool {
        self.only.is_none_or(|only| only == protocol)
    }

    /// Starts it on the proxy's core; it may not answer yet.
    pub(crate) fn start(&self, setup: Setup) -> Proxy {
        let (mut command, address) = match (self.start)(self, &setup) {
            Start::At(address, command) => (command, Some(address)),
            Start::Announced(command) => (command, None),
        };
        let log = File::options().append(true).create(true).open(setup.log);
        command.stdin(Stdio::null()).stdout(log.expect("a log can be written"));
        command.stderr(if address.is_some() { Stdio::null() } else { Stdio::piped() });
        let mut process = setup.cores.spawn(&mut command);
        let address = address.unwrap_or_else(|| announced(self.name, &mut process));
        Proxy { name: self.name, address, process: Running::new(process) }
    }

    /// Starts it and waits until it answers.
    pub(crate) fn ready(&self, setup: Setup) -> Proxy {
        let proxy = self.start(setup);
        proxy.await_answer(setup.protocol);
        proxy
    }
}

impl Proxy {
    /// Asks again and again until the origin's answer comes back.
    fn await_answer(&self, protocol: Protocol) {
        let end = Instant::now() + Duration::from_secs(20);
        let answered = || match protocol {
            Protocol::Http1 => {
                let status = Client::connect(self.address, SMALL).and_then(|mut it| it.call());
                status.is_ok_and(|status| status == 200)
            }
            Protocol::Http2 => load::answers_http2(self.address, SMALL),
        };
        while !answered() {
            assert!(Instant::now() < end, "{} does not answer at {}", self.name, self.address);
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

/// Waits for the line that names the address.
fn announced(name: &str, process: &mut Child) -> SocketAddr {
    let mut notices = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = notices.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening on ")));
    let line = line.unwrap_or_else(|| panic!("{name} did not start")).unwrap();
    // What else it says goes nowhere, but must not find a closed pipe.
    std::thread::spawn(move || notices.for_each(drop));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
