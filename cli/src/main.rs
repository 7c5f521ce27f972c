//! `amb`: the command that teams, the platform and CI use.
//!
//! ```text
//! args ─► commands ─► policy (load, compile, show findings) ─► policy-lang, codegen
//!             └─► scratch (crates for cargo) ─► rustc ─► binaries ─► install
//! ```
//!
//! Results go to standard output, everything else to standard error. Exit codes: 0 fine,
//! 1 findings, 2 usage, 70 internal error.

mod args;
mod cargo;
mod commands;
mod console;
mod demo;
mod failure;
mod files;
mod install;
mod lock;
mod lsp;
mod policy;
mod scratch;
mod today;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use console::Console;
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut console = Console::of_process();
    match run(args.command, &mut console).and_then(|()| console.lost()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(command: Command, console: &mut Console) -> Result<(), Failure> {
    match command {
        Command::New(args) => commands::new::run(&args, console),
        Command::Check(args) => commands::check::run(&args, console),
        Command::Fmt(args) => commands::fmt::run(&args, console),
        Command::Plan(args) => commands::plan::run(&args, console),
        Command::Explain(args) => commands::explain::run(&args, console),
        Command::Rules(args) => commands::rules::run(&args, console),
        Command::Test(args) => commands::test::run(&args, console),
        Command::Generate(args) => commands::generate::run(&args, console),
        Command::Build(args) => commands::build::run(&args, console),
        Command::Diff(args) => commands::diff::run(&args, console),
        Command::Inspect(args) => commands::inspect::run(&args, console),
        Command::Lsp(_) => commands::lsp::run(),
        Command::Demo(args) => demo::run(&args, console),
    }
}
