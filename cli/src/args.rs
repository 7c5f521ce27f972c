//! The command line. Names are stable: scripts rely on them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Compiles ambassador policies into proxies.
#[derive(Debug, Parser)]
#[command(name = "amb", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Check(Check),
    Fmt(Fmt),
    Plan(Plan),
    Explain(Explain),
    Rules(Rules),
    Test(Test),
    Generate(Generate),
    Build(Build),
    Diff(Diff),
    Inspect(Inspect),
    Lsp(Lsp),
    /// Show everything at once on this machine: retries, the breaker, recovery.
    Demo(Demo),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Plays in the namespace that this process is in, with this proxy.
    #[arg(long, hide = true)]
    pub(crate) inside: Option<PathBuf>,
}

/// Write a new deployment: a crate with a first policy, ready to build.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Name of the service, and of the folder.
    pub(crate) name: String,
    /// Source of amb-runtime, if amb does not find it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) runtime: Option<PathBuf>,
}

/// Show everything that is wrong with policies, guardrails included.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// `json`: one object a line with code, severity, message, file, line and column.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Rewrite policies in canonical form.
#[derive(Debug, clap::Args)]
pub(crate) struct Fmt {
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; name the files that are not in canonical form.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Show the effective policy: every value, who set it, and what a call can cost.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    pub(crate) file: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Show what happens to a request on each outcome, and which lines of the policy say so.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    pub(crate) file: PathBuf,
    /// Method and URL, quoted: `POST http://payment.shop.svc/v1/charges`; or `TCP ledger.shop.svc:5432`.
    pub(crate) request: String,
    /// A field of the request, as often as needed.
    #[arg(long = "header", value_name = "NAME:VALUE")]
    pub(crate) headers: Vec<String>,
}

/// Show the kernel's rules that redirect calls to the proxy, as text that `nft` reads.
#[derive(Debug, clap::Args)]
pub(crate) struct Rules {
    pub(crate) file: PathBuf,
}

/// Run the tests in policies on the reference interpreter.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Seed of the random draws.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Name the lines of the policies that no test exercised.
    #[arg(long)]
    pub(crate) coverage: bool,
    /// `uncovered`: fail if there are such lines.
    #[arg(long, value_enum)]
    pub(crate) deny: Option<Lack>,
    /// `json`: one object a file, one line each.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Write the proxy's code and plan into `generated/` beside the policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    pub(crate) file: PathBuf,
    /// Change nothing; show how `generated/` differs from the policy.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Compile policies into proxies, side by side: one static binary each.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where the binary goes; by default the service's name, in this folder. Of several policies:
    /// the folder that their binaries go to.
    #[arg(short, value_name = "BIN")]
    pub(crate) output: Option<PathBuf>,
    /// Compile faster, run slower, keep debug information.
    #[arg(long)]
    pub(crate) debug: bool,
    /// Source of amb-runtime, if amb does not find it.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) runtime: Option<PathBuf>,
}

/// Show what a change of policy does to calls: weakened, redirected, tightened.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    pub(crate) old: PathBuf,
    pub(crate) new: PathBuf,
    /// Fail if there is a change of this class; several with commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CLASS")]
    pub(crate) deny: Vec<Class>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Report,
}

/// Show which policy is inside a built proxy, without running it.
#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    pub(crate) binary: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Serve an editor: findings, hover, completion, definitions, formatting, fixes.
#[derive(Debug, clap::Args)]
pub(crate) struct Lsp {
    /// Over standard input and output; there is no other way, but many editors say so.
    #[arg(long)]
    pub(crate) stdio: bool,
}

/// What tests can lack without failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lack {
    Uncovered,
}

/// What a change does to what the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Class {
    /// Something may happen that was not allowed before; what is redirected is among it.
    Weakened,
    /// A call goes to another place, in another protocol, or as somebody else.
    Redirected,
    Tightened,
    Renamed,
}

/// How differences are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    #[default]
    Text,
    Json,
    Markdown,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}
