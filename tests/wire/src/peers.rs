//! Real programs: found on this machine, started on free ports, stopped by their handle.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::upstream::eventually;

/// Are these programs here? If not, says so; under CI that is a failure, elsewhere the test is left out.
pub fn have(programs: &[&str]) -> bool {
    none_of(programs.iter().copied().filter(|program| find(program).is_none()).collect())
}

/// The same for modules of Python.
pub fn have_python(modules: &[&str]) -> bool {
    let loads = |module: &str| {
        let mut import = Command::new("python3");
        let import = import.args(["-c", &format!("import {module}")]);
        import.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    none_of(modules.iter().copied().filter(|module| !loads(module)).collect())
}

/// The same for packages of Node that are installed for everybody, or where `NODE_PATH` says.
pub fn have_node(packages: &[&str]) -> bool {
    let loads = |package: &str| {
        let mut require = node();
        let require = require.args(["-e", &format!("require('{package}')")]);
        require.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    none_of(packages.iter().copied().filter(|package| !loads(package)).collect())
}

fn none_of(missing: Vec<&str>) -> bool {
    let ci = std::env::var("CI").is_ok_and(|ci| !matches!(ci.as_str(), "" | "0" | "false"));
    assert!(missing.is_empty() || !ci, "not installed: {missing:?}");
    if !missing.is_empty() {
        // Not captured by the test harness: a skip must be seen.
        let line = format!("SKIPPED, not installed: {missing:?}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    missing.is_empty()
}

/// A program's path. Servers are often outside a user's `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// A folder for one test, empty at first and removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("amb-wire-{name}-{}", std::process::id()));
        // Left over from a process with our number, or not there.
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Requests that nobody makes on one connection.
const MANY: u32 = 1_000_000;

/// nginx as an origin: files below the folder, `PUT` stores them, `/chunked/` sends them in chunks.
pub struct Nginx {
    pub address: SocketAddr,
    process: Child,
}

impl Nginx {
    pub fn start(folder: &Folder) -> Self {
        Self::start_as(folder, ("", MANY))
    }

    /// It speaks HTTP/2 and nothing else.
    pub fn start_http2(folder: &Folder) -> Self {
        Self::start_as(folder, (" http2", MANY))
    }

    /// It speaks HTTP/2, and sends GOAWAY after so many requests on a connection. What it has
    /// carried out is in the folder's `access.log`, a line each.
    pub fn start_leaving(folder: &Folder, requests: u32) -> Self {
        Self::start_as(folder, (" http2", requests))
    }

    fn start_as(folder: &Folder, (version, requests): (&str, u32)) -> Self {
        let address = free_address();
        let config = configuration(folder.path(), address)
            .replace("@VERSION@", version)
            .replace("@REQUESTS@", &requests.to_string());
        let config = folder.file("nginx.conf", config);
        Self::run(folder, &config, address)
    }

    /// The same files over TLS, with a certificate for that name: `NAME.crt` in the folder.
    pub fn start_tls(folder: &Folder, name: &str) -> Self {
        let address = free_address();
        certify(folder.path(), name);
        let config = folder.file("tls.conf", tls_configuration(folder.path(), address, name));
        Self::run(folder, &config, address)
    }

    fn run(folder: &Folder, config: &Path, address: SocketAddr) -> Self {
        let program = find("nginx").unwrap();
        let process = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(config)
            .args(["-e", "stderr"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { address, process };
        eventually("nginx's start", || TcpStream::connect(address).is_ok());
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// nghttpd: the HTTP/2 server of nghttp2, with files below the folder.
pub struct Nghttpd {
    pub address: SocketAddr,
    process: Child,
}

impl Nghttpd {
    pub fn start(folder: &Folder, more: &[&str]) -> Self {
        let address = free_address();
        let process = Command::new(find("nghttpd").unwrap())
            .args(["--no-tls", "--address", "127.0.0.1", "--htdocs"])
            .arg(folder.path())
            .args(more)
            .arg(address.port().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { address, process };
        eventually("nghttpd's start", || TcpStream::connect(address).is_ok());
        server
    }
}

impl Drop for Nghttpd {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A server in Python, which says what port it has chosen; killed at the end.
pub struct PythonServer {
    pub address: SocketAddr,
    process: Child,
}

impl PythonServer {
    pub fn start(script: &str) -> Self {
        let mut process = python(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = said.next().unwrap().unwrap();
        let port = line.strip_prefix("listening on ").unwrap().parse().unwrap();
        Self { address: SocketAddr::from(([127, 0, 0, 1], port)), process }
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A script of `peers/`.
pub fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(format!("{}/peers/{script}", env!("CARGO_MANIFEST_DIR")));
    // Threads that outlive a fork, and proxies of the environment, are no concern of these tests.
    command.env("GRPC_ENABLE_FORK_SUPPORT", "0").env_remove("http_proxy").env_remove("https_proxy");
    command
}

/// A script of `peers/`, about to be run by Node.
pub fn node_script(script: &str) -> Command {
    let mut command = node();
    command.arg(format!("{}/peers/{script}", env!("CARGO_MANIFEST_DIR")));
    command.env_remove("http_proxy").env_remove("https_proxy");
    command
}

fn node() -> Command {
    let mut command = Command::new("node");
    if std::env::var_os("NODE_PATH").is_none() {
        command.env("NODE_PATH", "/usr/local/lib/node_modules:/usr/lib/node_modules");
    }
    command
}

/// A port that was free a moment ago; nginx cannot choose one itself.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A certificate that vouches for itself.
fn certify(folder: &Path, name: &str) {
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    openssl.args([
        "-subj",
        &format!("/CN={name}"),
        "-addext",
        &format!("subjectAltName=DNS:{name}"),
    ]);
    openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
    let done = openssl.current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn tls_configuration(folder: &Path, address: SocketAddr, name: &str) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/tls.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/tls-body;
    proxy_temp_path {folder}/tls-proxy;
    fastcgi_temp_path {folder}/tls-fastcgi;
    uwsgi_temp_path {folder}/tls-uwsgi;
    scgi_temp_path {folder}/tls-scgi;
    default_type application/octet-stream;
    server {{
        listen {address} ssl;
        ssl_certificate {folder}/{name}.crt;
        ssl_certificate_key {folder}/{name}.key;
        root {folder};
    }}
}}
"#
    )
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ }}
http {{
    log_format line "$request_method $uri";
    access_log {folder}/access.log line;
    keepalive_requests @REQUESTS@;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/octet-stream;
    server {{
        listen {address}@VERSION@;
        root {folder};
        dav_methods PUT;
        location = /ok {{ return 200 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"; }}
        # A filter that might change the length makes nginx send chunks.
        location /chunked/ {{
            alias {folder}/;
            sub_filter_types *;
            sub_filter "a text that no file here has" "";
        }}
    }}
}}
"#
    )
}
