//! `amb build`: policy to proxy, without the user touching Rust.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use amb_codegen::generate;

use crate::args::Build;
use crate::cargo;
use crate::console::Console;
use crate::failure::Failure;
use crate::policy;
use crate::scratch::Scratch;

pub(crate) fn run(args: &Build, console: &mut Console) -> Result<(), Failure> {
    let binary = binary(args, console)?;
    console.result(&format!("{}\n", binary.display()));
    Ok(())
}

/// Builds it and says where it is.
pub(crate) fn binary(args: &Build, console: &mut Console) -> Result<PathBuf, Failure> {
    let plan = policy::plan(&args.file, console)?;
    let runtime = cargo::source(args.runtime.as_deref(), "runtime")?;
    let target = cargo::target_folder(&runtime)?;
    let scratch = Scratch::write(&args.file, &generate(&plan), &runtime, &target)?;
    console.progress(&format!("compiling {}", args.file.display()));
    let output = cargo::build(&scratch.folder, &target, &arguments(args))?;
    if !output.status.success() {
        return Err(failed(&output, console));
    }
    let binary = args.output.clone().unwrap_or_else(|| PathBuf::from(&plan.service.name));
    install(&built(args, &target, &scratch.name), &binary)?;
    Ok(binary)
}

/// Static linking is asked for with an explicit target, so that build scripts stay as they are.
fn arguments(args: &Build) -> Vec<String> {
    let mut arguments = vec!["--quiet".to_owned()];
    if let Some(target) = cargo::static_target() {
        let flags = format!("target.{target}.rustflags=[\"-C\",\"target-feature=+crt-static\"]");
        arguments.extend(["--target".to_owned(), target, "--config".to_owned(), flags]);
    }
    arguments.extend((!args.debug).then(|| "--release".to_owned()));
    arguments
}

fn built(args: &Build, target: &Path, name: &str) -> PathBuf {
    let folder = cargo::static_target().map_or(target.to_path_buf(), |triple| target.join(triple));
    folder.join(if args.debug { "debug" } else { "release" }).join(name)
}

/// Every accepted policy compiles: if rustc objects, the mistake is ours.
fn failed(output: &Output, console: &mut Console) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    console.note(&said);
    match said.contains("error[E") || said.contains("could not compile") {
        true => Failure::Internal("the generated code does not compile".to_owned()),
        false => {
            Failure::Stopped("cargo could not build the proxy; its message is above".to_owned())
        }
    }
}

/// Puts the binary in place at once: a proxy that runs keeps the file it was started from.
fn install(built: &Path, binary: &Path) -> Result<(), Failure> {
    let folder = policy::folder(binary);
    fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, &error))?;
    if binary.is_dir() {
        let path = binary.display();
        return Err(Failure::Usage(format!("{path} is a folder; name a file with -o BIN")));
    }
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    fs::copy(built, &fresh)
        .and_then(|_| fs::rename(&fresh, binary))
        .map_err(|error| Failure::unwritable(binary, &error))
}
