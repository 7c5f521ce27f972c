//! What is not HTTP passes unharmed: servers that speak first, TLS by its name, WebSockets,
//! PostgreSQL, and a stream that is longer than memory.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use amb_tests_netns::bytes::{self, by, used};
use amb_tests_netns::namespace::{inside, inside_with};
use amb_tests_netns::proxy::Proxy;
use amb_tests_netns::{APPLICATION, PROXY};

/// Who keeps a database: initdb wants a uid that has a name.
const DAEMON: u32 = 1;

const ROLE: &str = env!("CARGO_BIN_EXE_role");

/// What an application's `role` says.
fn role(arguments: &[&str]) -> Vec<String> {
    let output = by(APPLICATION, ROLE, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_server_speaks_first_wherever_it_is() {
    inside("a_server_speaks_first_wherever_it_is", || {
        let servers =
            ["10.1.0.1:5432", "10.3.0.1:5432", "10.3.0.1:8025", "[fd01::1]:8026", "10.3.0.1:9000"];
        servers.iter().for_each(|server| bytes::greet(server));
        for (policy, undeclared) in [("bytes", None), ("declared", Some("ConnectionReset"))] {
            let proxy = Proxy::start(ROLE, policy);
            let calls = [&["listen"], &servers[..]].concat();
            // The first is an upstream's, and the last is not redirected.
            let expected: Vec<&str> = servers
                .iter()
                .enumerate()
                .map(
                    |(at, server)| {
                        if matches!(at, 0 | 4) { server } else { undeclared.unwrap_or(server) }
                    },
                )
                .collect();
            // Nobody waits to see who begins: a wait would be seen in every round.
            let quick = (0..5).any(|_| {
                let started = std::time::Instant::now();
                assert_eq!(role(&calls), expected, "{policy}");
                started.elapsed().as_millis() < 900
            });
            assert!(quick, "{policy}");
            proxy.kill();
        }
    });
}

#[test]
fn tls_goes_by_the_name_that_it_asks_for() {
    let programs = ["nginx", "openssl", "curl"];
    inside_with("tls_goes_by_the_name_that_it_asks_for", &programs, || {
        let folder = Folder::new("tls");
        let bank = Nginx::start(&folder, "10.1.0.1:443", "bank");
        let stranger = Nginx::start(&folder, "10.3.0.1:443", "stranger");
        // Name, address dialled, and whose page it is under `pass` and `reject`.
        let rows = [
            ("bank.test", "10.3.0.1", "bank", "bank"),
            ("a.BANK.test", "10.3.0.1", "bank", "bank"),
            ("bank.test", "10.1.0.1", "bank", "bank"),
            ("other.test", "10.3.0.1", "stranger", ""),
            ("other.test", "10.1.0.1", "bank", ""),
            // No name at all: where it was going.
            ("10.1.0.1", "10.1.0.1", "bank", "bank"),
            ("10.3.0.1", "10.3.0.1", "stranger", ""),
        ];
        for policy in ["bytes", "declared"] {
            let proxy = Proxy::start(ROLE, policy);
            for (name, address, pass, reject) in rows {
                let resolve = format!("{name}:443:{address}");
                let certificate = folder.path().join("bank.crt");
                let checked = ["--cacert", certificate.to_str().unwrap()];
                // Only the bank's own name can be proved.
                let trust = if name == "bank.test" { &checked[..] } else { &["-k"] };
                let url = format!("https://{name}/page");
                let fixed = ["-sS", "--max-time", "10", "--resolve", &resolve, &url];
                let output = by(APPLICATION, "curl", &[&fixed[..], trust].concat());
                let page = String::from_utf8_lossy(&output.stdout).into_owned();
                let expected = if policy == "bytes" { pass } else { reject };
                assert_eq!(page, expected, "{policy}: {name} at {address}: {output:?}");
            }
            proxy.kill();
        }
        drop((bank, stranger));
    });
}

#[test]
fn what_is_no_client_hello_goes_by_its_destination_or_not_at_all() {
    inside("what_is_no_client_hello_goes_by_its_destination_or_not_at_all", || {
        bytes::greet("10.1.0.1:443");
        bytes::greet("10.3.0.1:443");
        let proxy = Proxy::start(ROLE, "bytes");
        // Callers that wait for the server are waited for, and then believed.
        let calls = ["listen", "10.1.0.1:443", "10.3.0.1:443"];
        assert_eq!(role(&calls), ["10.1.0.1:443", "10.3.0.1:443"]);
        // As PostgreSQL asks for TLS; then what looks like a handshake, and is none.
        let say = |hex: &str| role(&["say", "10.1.0.1:443", hex]).concat();
        assert!(say("0000000804d2162f").starts_with("220 hello 10.1.0.1:443"));
        assert_eq!(say("160301000502000001ff"), "ConnectionReset");
        assert_eq!(say("1603014001"), "ConnectionReset");
        proxy.kill();
    });
}

#[test]
fn websockets_pass_as_http_and_as_bytes() {
    inside("websockets_pass_as_http_and_as_bytes", || {
        bytes::switch("10.1.0.1:80");
        bytes::switch("10.3.0.1:8001");
        let proxy = Proxy::start(ROLE, "bytes");
        assert_eq!(role(&["offer", "10.1.0.1:80", "shop.test"]), ["HTTP/1.1 101"]);
        assert_eq!(role(&["offer", "10.3.0.1:8001", "shop.test"]), ["HTTP/1.1 101"]);
        proxy.kill();
    });
}

#[test]
fn postgresql_notices_nothing() {
    let server = program("postgres");
    inside_with("postgresql_notices_nothing", &["psql", &server], || {
        let folder = Folder::new("postgresql");
        let server = Postgres::start(&folder, "10.1.0.1", 5432);
        let proxy = Proxy::start(ROLE, "bytes");
        let rows = [
            ("select 6 * 7", "42".to_owned()),
            ("select repeat('x', 20000000)", "x".repeat(20_000_000)),
        ];
        for (query, expected) in rows {
            let arguments =
                ["-h", "10.1.0.1", "-U", "application", "-d", "postgres", "-Atqc", query];
            let output = by(APPLICATION, "psql", &arguments);
            let answer = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(answer == expected, "{query}: {} bytes, {stderr}", answer.len());
        }
        proxy.kill();
        drop(server);
    });
}

/// Bytes of the long stream.
const LONG: u64 = 1 << 30;

#[test]
fn a_long_stream_costs_little_memory_and_no_more_than_another_relay() {
    let programs = ["socat"];
    inside_with(
        "a_long_stream_costs_little_memory_and_no_more_than_another_relay",
        &programs,
        || {
            bytes::pour("10.1.0.1:5432", LONG);
            let proxy = Proxy::start(ROLE, "bytes");
            let mut ours = (0, 0);
            let mut theirs = (0, 0);
            // Alternating, so that what the machine does besides falls on both.
            for _ in 0..2 {
                let before = times(proxy.id());
                assert_eq!(role(&["drink", "10.1.0.1:5432"]), [LONG.to_string()]);
                ours = add(ours, minus(times(proxy.id()), before));
                theirs = add(theirs, socat());
            }
            let peak = used(proxy.id()).2;
            let ratio = (ours.0 + ours.1) as f64 / (theirs.0 + theirs.1) as f64;
            eprintln!(
                "1 GiB twice, CPU as user and system: proxy {ours:?} ms, socat {theirs:?} ms: ratio {ratio:.2}; \
             most memory {peak} KiB"
            );
            assert!(peak < 20 * 1024, "{peak} KiB");
            assert!(ratio < 1.5, "{ratio:.2} times the CPU of socat");
            proxy.kill();
        },
    );
}

/// What a relay for nothing else needs for the same stream. It runs under the proxy's uid, whose
/// connections are not redirected; the shell says what it used.
fn socat() -> (u64, u64) {
    let relay = "socat -b 262144 TCP-LISTEN:9001,bind=10.1.0.1,reuseaddr TCP:10.1.0.1:5432; times";
    let mut shell = Command::new("setpriv");
    shell.args([format!("--reuid={PROXY}"), format!("--regid={PROXY}")]).arg("--clear-groups");
    let shell = shell.args(["sh", "-c", relay]).stdout(Stdio::piped()).spawn().unwrap();
    // Trying whether it listens would use up its one connection.
    bytes::until_bound(9001);
    assert_eq!(role(&["drink", "10.1.0.1:9001"]), [LONG.to_string()]);
    let output = shell.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    // The second line is that of its children: `0m0.012s 0m0.345s`.
    let millis = |time: &str| {
        let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
        let seconds: f64 = seconds.parse().unwrap();
        minutes.parse::<u64>().unwrap() * 60_000 + (seconds * 1_000.0) as u64
    };
    let times: Vec<u64> = said.lines().nth(1).unwrap().split(' ').map(millis).collect();
    (times[0], times[1])
}

fn times(process: u32) -> (u64, u64) {
    let (user, system, _) = used(process);
    (user, system)
}

fn add(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0 + b.0, a.1 + b.1)
}

fn minus(a: (u64, u64), b: (u64, u64)) -> (u64, u64) {
    (a.0 - b.0, a.1 - b.1)
}

/// A folder that every uid may enter.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("amb-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

struct Nginx(#[expect(dead_code, reason = "it ends with this")] Running);

impl Nginx {
    /// Shows its name over TLS, with a certificate for `NAME.test`.
    fn start(folder: &Folder, address: &str, name: &str) -> Self {
        let path = folder.path().display();
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
        openssl.args(["-subj", &format!("/CN={name}.test")]);
        openssl.args(["-addext", &format!("subjectAltName=DNS:{name}.test")]);
        openssl.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")]);
        let made = openssl.current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("    {kind}_temp_path {path}/{name}-{kind};\n"))
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {path}/{name}.pid;\nevents {{ }}\nhttp {{\n    \
             access_log off;\n{temporary}    server {{\n        listen {address} ssl;\n        \
             ssl_certificate {path}/{name}.crt;\n        ssl_certificate_key {path}/{name}.key;\n        \
             location / {{ return 200 \"{name}\"; }}\n    }}\n}}\n"
        );
        let file = folder.path().join(format!("{name}.conf"));
        std::fs::write(&file, config).unwrap();
        let mut nginx = Command::new("nginx");
        nginx.arg("-c").arg(file).args(["-e", "stderr"]).stderr(Stdio::null());
        let running = Running(nginx.spawn().unwrap());
        bytes::until_listening(address);
        Self(running)
    }
}

struct Postgres(#[expect(dead_code, reason = "it ends with this")] Running);

impl Postgres {
    /// Under a uid whose connections are its own affair.
    fn start(folder: &Folder, ip: &str, port: u16) -> Self {
        let data = folder.path().join("data");
        std::os::unix::fs::chown(folder.path(), Some(DAEMON), Some(DAEMON)).unwrap();
        let as_server = |program: &str| {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={DAEMON}"), format!("--regid={DAEMON}")]);
            command.arg("--clear-groups").arg(program).current_dir(folder.path());
            command
        };
        let mut initdb = as_server(&program("initdb"));
        initdb.args(["--auth=trust", "--no-sync", "-U", "application", "-D"]).arg(&data);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = as_server(&program("postgres"));
        server.arg("-D").arg(&data).args(["-h", ip, "-p", &port.to_string(), "-k", "", "-F"]);
        let hba = format!("host all all {ip}/8 trust\n");
        std::fs::write(data.join("pg_hba.conf"), hba).unwrap();
        let running = Running(server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        bytes::until_listening(&format!("{ip}:{port}"));
        Self(running)
    }
}

/// Debian keeps the servers of PostgreSQL apart, by version.
fn program(name: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let found = versions.map(|version| version.unwrap().path().join("bin").join(name));
    let found = found.filter(|path| path.is_file()).max();
    found.map_or_else(|| name.to_owned(), |path| path.to_str().unwrap().to_owned())
}
