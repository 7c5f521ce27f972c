//! The proxies under measurement, configured for equal work: up to three tries on connection
//! failures and 503, a request id, time-outs for connecting and answering, kept connections.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use crate::folder::Folder;
use crate::origin::{await_port, nginx};
use crate::programs::{Core, Running, find, pinned};
use crate::{ORIGIN, ROLE};

/// A running proxy.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Running,
}

/// This proxy.
pub(crate) const OURS: &str = "amb";
/// The floor: bytes from here to there.
pub(crate) const RELAY: &str = "raw TCP relay";

/// Starts all that this machine has; the names of those that it has not.
pub(crate) fn start(folder: &Folder) -> (Vec<Contender>, Vec<&'static str>) {
    let mut contenders =
        vec![ourselves(RELAY, "relay"), ourselves(OURS, "proxy"), of_nginx(folder)];
    let haproxy = of_haproxy(folder);
    let missing = if haproxy.is_none() { vec!["HAProxy"] } else { vec![] };
    contenders.extend(haproxy);
    (contenders, missing)
}

/// This very program in another role; it says where it listens.
fn ourselves(name: &'static str, role: &str) -> Contender {
    let mut command = pinned(std::env::current_exe().unwrap(), Core::Proxy);
    let mut process = command.env(ROLE, role).stderr(Stdio::piped()).spawn().unwrap();
    let mut notices = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = notices.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening on ")));
    let line = line.unwrap_or_else(|| panic!("{name} did not start")).unwrap();
    // What else it says goes nowhere, but must not find a closed pipe.
    std::thread::spawn(move || notices.for_each(drop));
    let address = line.rsplit(' ').next().unwrap().parse().unwrap();
    Contender { name, address, process: Running(process) }
}

fn of_nginx(folder: &Folder) -> Contender {
    let address = free_address();
    // Another try needs another server; it may be the same one.
    let http = format!(
        "upstream origin {{ server {ORIGIN} max_fails=0; server {ORIGIN} max_fails=0; \
         server {ORIGIN} max_fails=0; keepalive 256; }}\n\
         server {{ listen {address} backlog=4096; location / {{\n\
         proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Host $host; proxy_set_header X-Request-Id $request_id;\n\
         proxy_connect_timeout 1s; proxy_read_timeout 5s; proxy_next_upstream_timeout 10s;\n\
         proxy_next_upstream error timeout http_503; proxy_next_upstream_tries 3; }} }}"
    );
    let process = Running(nginx(folder, "nginx", &http, Core::Proxy).spawn().unwrap());
    await_port(&address.to_string());
    Contender { name: "nginx", address, process }
}

fn of_haproxy(folder: &Folder) -> Option<Contender> {
    let program = find("haproxy")?;
    let address = free_address();
    let config = folder.file(
        "haproxy.cfg",
        &format!(
            "global\n nbthread 1\n maxconn 8192\ndefaults\n mode http\n timeout connect 1s\n \
             timeout client 10s\n timeout server 5s\n retries 2\n retry-on conn-failure 503\n \
             http-reuse always\n option http-keep-alive\nfrontend in\n bind {address}\n \
             http-request set-header x-request-id %[uuid]\n default_backend origin\n\
             backend origin\n server origin {ORIGIN} pool-max-conn 256\n"
        ),
    );
    let mut command = pinned(program, Core::Proxy);
    command.args(["-db", "-f"]).arg(config).stdout(Stdio::null()).stderr(Stdio::null());
    let process = Running(command.spawn().unwrap());
    await_port(&address.to_string());
    Some(Contender { name: "HAProxy", address, process })
}

/// A port that was free a moment ago: these programs cannot choose one themselves.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
