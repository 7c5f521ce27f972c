//! `amb build`: policies to proxies, without the user touching Rust.
//!
//! One cargo compiles all policies of a command, side by side. Several cargos would wait for each
//! other.

use std::path::{Path, PathBuf};
use std::process::Output;

use amb_codegen::generate;
use amb_policy_lang::plan::Plan;

use crate::args::Build;
use crate::cargo;
use crate::console::Console;
use crate::failure::Failure;
use crate::install::{install, places};
use crate::lock;
use crate::policy;
use crate::scratch::{Deployment, Scratch};

pub(crate) fn run(args: &Build, console: &mut Console) -> Result<(), Failure> {
    for binary in binaries(args, console)? {
        console.result(&format!("{}\n", binary.display()));
    }
    Ok(())
}

/// Builds all of them or none, and says where they are.
pub(crate) fn binaries(args: &Build, console: &mut Console) -> Result<Vec<PathBuf>, Failure> {
    let paths = each_once(&args.files)?;
    let plans = plans(&args.files, console)?;
    let services = services(&args.files, &plans)?;
    let binaries = places(args.output.as_deref(), &services)?;
    let runtime = cargo::source(args.runtime.as_deref(), "runtime")?;
    let target = cargo::target_folder(&runtime)?;
    let deployments = paths.iter().zip(&plans).map(|(policy, plan)| Deployment {
        policy,
        service: &plan.service.name,
        generated: generate(plan),
    });
    let deployments: Vec<_> = deployments.collect();
    for (file, deployment) in args.files.iter().zip(&deployments) {
        lock::check(file, deployment.service, &deployment.generated, console)?;
    }
    let scratch = Scratch::write(&deployments, &runtime, &target)?;
    let what = match args.files.as_slice() {
        [file] => format!("the proxy from {}", file.display()),
        files => format!("{} proxies", files.len()),
    };
    console.note(&format!("building {what} (the first time takes minutes)\n"));
    let output = cargo::build(&scratch.folder, &target, &arguments(args))?;
    if !output.status.success() {
        return Err(failed(&output, console));
    }
    let built = built(args, &target);
    for (service, binary) in services.iter().zip(&binaries) {
        install(&built.join(scratch.package(service)), binary)?;
    }
    Ok(binaries)
}

/// Where the policies are, however they were called.
fn each_once(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for file in files {
        let path = file.canonicalize().map_err(|error| Failure::unreadable(file, &error))?;
        if paths.contains(&path) {
            let file = file.display();
            return Err(Failure::Usage(format!("{file} is given twice; name each policy once")));
        }
        paths.push(path);
    }
    Ok(paths)
}

/// The plans of all, or whatever is wrong with any.
fn plans(files: &[PathBuf], console: &mut Console) -> Result<Vec<Plan>, Failure> {
    let mut plans = Vec::new();
    let mut failures = Vec::new();
    for file in files {
        match policy::plan(file, console) {
            Ok(plan) => plans.push(plan),
            Err(failure) => failures.push(failure),
        }
    }
    match failures.pop() {
        Some(last) => {
            failures.iter().for_each(|failure| console.failure(failure));
            Err(last)
        }
        None => Ok(plans),
    }
}

/// The names of the services, each of which is the name of a binary.
fn services<'a>(files: &[PathBuf], plans: &'a [Plan]) -> Result<Vec<&'a str>, Failure> {
    let services: Vec<_> = plans.iter().map(|plan| plan.service.name.as_str()).collect();
    for (at, (service, file)) in services.iter().zip(files).enumerate() {
        let earlier = services.iter().zip(files).take(at).find(|(other, _)| *other == service);
        if let Some((_, other)) = earlier {
            let (other, file) = (other.display(), file.display());
            return Err(Failure::Usage(format!(
                "{other} and {file} are both of service `{service}`; rename one, or build them one by one"
            )));
        }
    }
    Ok(services)
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

/// The folder that cargo leaves binaries in.
fn built(args: &Build, target: &Path) -> PathBuf {
    let folder = cargo::static_target().map_or(target.to_path_buf(), |triple| target.join(triple));
    folder.join(if args.debug { "debug" } else { "release" })
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
