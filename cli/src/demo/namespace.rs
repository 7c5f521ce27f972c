//! A network namespace for the demo: in it the service has its real name, address and port, and
//! connections can be redirected without anybody else noticing.
//!
//! Root makes one directly. Other users make a user namespace with it, and are root in that; the
//! ambassador needs a second uid there, which `newuidmap` grants to those named in `/etc/subuid`.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use super::caller::NAME;
use crate::failure::Failure;

/// Where the service is. The address belongs to documentation (RFC 5737).
pub(super) const SERVICE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);

/// A way to run programs in a new namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    unshare: &'static [&'static str],
}

const ROOT: Namespace = Namespace { unshare: &["--net", "--mount"] };
const USER: Namespace =
    Namespace { unshare: &["--user", "--map-root-user", "--map-auto", "--net", "--mount"] };

impl Namespace {
    /// # Errors
    /// Why there can be none, in the words of the program that could not do its part.
    pub(super) fn find() -> Result<Self, String> {
        ROOT.attempt().map(|()| ROOT).or_else(|_| USER.attempt().map(|()| USER)).map_err(|said| {
            // What `unshare` says of a file without the user's name ends with an errno of none.
            let said = said.trim_end_matches('.').trim_end_matches(": Success");
            format!(
                "{said}; a user other than root needs `newuidmap` and a range of uids in \
                 /etc/subuid and /etc/subgid"
            )
        })
    }

    /// A program in a new namespace.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(self.unshare).arg("--").arg(program);
        command
    }

    /// Everything that [`furnish`] does can be done.
    fn attempt(&self) -> Result<(), String> {
        run(self.command(Path::new("ip")).args(["link", "set", "lo", "up"]))
    }
}

/// Gives the service its address and its name, inside.
pub(super) fn furnish() -> Result<(), Failure> {
    let hosts = std::env::temp_dir().join(format!("amb-demo-hosts-{}", std::process::id()));
    let text = format!("127.0.0.1 localhost\n{SERVICE} {NAME}\n");
    std::fs::write(&hosts, text).map_err(|error| Failure::unwritable(&hosts, &error))?;
    let furnished = run(Command::new("ip").args(["link", "set", "lo", "up"]))
        .and_then(|()| {
            let address = format!("{SERVICE}/32");
            run(Command::new("ip").args(["address", "add", &address, "dev", "lo"]))
        })
        .and_then(|()| run(Command::new("mount").arg("--bind").arg(&hosts).arg("/etc/hosts")));
    // What is mounted stays.
    drop(std::fs::remove_file(&hosts));
    furnished.map_err(Failure::Stopped)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
            Err(if said.is_empty() { format!("`{program}` fails") } else { said })
        }
        Err(error) => Err(format!("`{program}` cannot be run: {error}")),
    }
}
