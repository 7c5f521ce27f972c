//! The server behind all proxies: nginx with an answer of 100 bytes.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::ORIGIN;
use crate::folder::Folder;
use crate::programs::{Core, Running, find, pinned};

/// Starts the origin and waits until it answers.
pub(crate) fn start(folder: &Folder) -> Running {
    let body = "0123456789".repeat(10);
    let server = format!(
        "server {{ listen {ORIGIN} backlog=4096; location / {{ return 200 \"{body}\"; }} }}"
    );
    let origin = Running(nginx(folder, "origin", &server, Core::Rest).spawn().unwrap());
    await_port(ORIGIN);
    origin
}

/// One nginx process with these contents of its `http` block.
pub(crate) fn nginx(folder: &Folder, name: &str, http: &str, core: Core) -> Command {
    let config = folder.file(&format!("{name}.conf"), &configuration(folder.path(), name, http));
    // INVARIANT: `main` has looked for it.
    let mut command = pinned(find("nginx").unwrap(), core);
    command.arg("-p").arg(folder.path()).arg("-c").arg(config).args(["-e", "stderr"]);
    command.stderr(Stdio::null());
    command
}

fn configuration(folder: &Path, name: &str, http: &str) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/{name}.pid;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n access_log off; keepalive_requests 1000000000; keepalive_timeout 75s;\n \
         client_body_temp_path {folder}/{name}-b; proxy_temp_path {folder}/{name}-p;\n \
         fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;\n \
         scgi_temp_path {folder}/{name}-s;\n {http}\n}}\n"
    )
}

/// Waits until somebody listens there.
pub(crate) fn await_port(address: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "nobody listens on {address}");
        std::thread::yield_now();
    }
}
