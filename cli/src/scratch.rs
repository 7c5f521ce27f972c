//! Crates around generated code, for policies that have none of their own.
//!
//! ```text
//! target/amb/<hash of the policies' paths>/
//!     Cargo.toml, Cargo.lock          a workspace
//!     order/                          a crate, named after its service
//!         Cargo.toml, build.rs, policy.json, sites.rs, src/main.rs, generated/proxy.rs
//!     payment/
//!         …
//! ```
//!
//! Policies that are built by one command share a workspace, and a policy has a crate in each workspace
//! that it is built in. So a second build of the same policies is incremental, and different builds can
//! run at the same time. The build script of a crate only passes on what the proxy includes;
//! the generator has already run.

use std::fs;
use std::path::{Path, PathBuf};

use amb_codegen::{Generated, embed};

use crate::cargo;
use crate::failure::Failure;
use crate::files::write_changed;

/// A workspace that cargo can build.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) folder: PathBuf,
    /// Part of the names of its packages: binaries of all workspaces lie in one folder.
    hash: String,
}

/// What becomes a crate.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    /// Without links and relative parts.
    pub(crate) policy: &'a Path,
    /// A label of DNS, in lower case.
    pub(crate) service: &'a str,
    pub(crate) generated: Generated,
}

const MAIN: &str = "include!(\"../generated/proxy.rs\");\n";

const BUILD: &str = r#"fn main() -> std::io::Result<()> {
    let out = std::env::var_os("OUT_DIR").map(std::path::PathBuf::from).unwrap_or_default();
    for file in ["policy.json", "sites.rs"] {
        println!("cargo::rerun-if-changed={file}");
        std::fs::copy(file, out.join(file))?;
    }
    Ok(())
}
"#;

impl Scratch {
    /// Writes the crates of policies; what has not changed keeps its time stamp.
    pub(crate) fn write(
        deployments: &[Deployment<'_>],
        runtime: &Path,
        target: &Path,
    ) -> Result<Self, Failure> {
        let scratch = Self::of(deployments.iter().map(|deployment| deployment.policy), target);
        for deployment in deployments {
            scratch.write_crate(deployment, runtime)?;
        }
        write_changed(&scratch.folder.join("Cargo.toml"), &workspace(deployments))?;
        scratch.lock(runtime)?;
        Ok(scratch)
    }

    /// Name of a service's package, and of its binary.
    pub(crate) fn package(&self, service: &str) -> String {
        format!("amb-{}-{service}", self.hash)
    }

    /// In whatever order the policies were named.
    fn of<'a>(policies: impl IntoIterator<Item = &'a Path>, target: &Path) -> Self {
        let paths = policies.into_iter().map(|policy| policy.as_os_str().as_encoded_bytes());
        let mut paths: Vec<_> = paths.collect();
        paths.sort_unstable();
        let hash = embed::sha256(&paths.join(&0));
        let hash = hash.get(..16).unwrap_or(&hash).to_owned();
        Self { folder: target.join("amb").join(&hash), hash }
    }

    fn write_crate(&self, deployment: &Deployment<'_>, runtime: &Path) -> Result<(), Failure> {
        let Deployment { service, generated, .. } = deployment;
        let own = self.folder.join(service);
        for folder in ["src", "generated"] {
            let folder = own.join(folder);
            fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, &error))?;
        }
        for (path, text) in [
            ("Cargo.toml", manifest(&self.package(service), runtime).as_str()),
            ("build.rs", BUILD),
            ("src/main.rs", MAIN),
            ("generated/proxy.rs", &generated.proxy_rs),
            ("policy.json", &generated.policy_json),
            ("sites.rs", &generated.sites_rs),
        ] {
            write_changed(&own.join(path), text)?;
        }
        Ok(())
    }

    /// The versions amb is tested with, unless this workspace has chosen already.
    fn lock(&self, runtime: &Path) -> Result<(), Failure> {
        match self.folder.join("Cargo.lock").exists() {
            true => Ok(()),
            false => cargo::copy_lock(runtime, &self.folder),
        }
    }
}

/// A workspace of its own, whatever lies above; the profile is that of amb's workspace.
fn workspace(deployments: &[Deployment<'_>]) -> String {
    let mut members: Vec<_> = deployments.iter().map(|it| format!("\"{}\"", it.service)).collect();
    members.sort_unstable();
    format!(
        "[workspace]\n\
         resolver = \"3\"\n\
         members = [{}]\n\
         \n\
         [profile.release]\n\
         panic = \"abort\"\n\
         codegen-units = 1\n\
         strip = true\n",
        members.join(", "),
    )
}

fn manifest(package: &str, runtime: &Path) -> String {
    format!(
        "[package]\n\
         name = \"{package}\"\n\
         version = \"0.0.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\
         \n\
         [dependencies]\n\
         amb-runtime = {{ path = {} }}\n",
        toml_string(runtime),
    )
}

/// A path as a TOML string: JSON's escapes are TOML's.
pub(crate) fn toml_string(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(policies: &[&str]) -> Scratch {
        Scratch::of(policies.iter().map(Path::new), Path::new("target"))
    }

    #[test]
    fn the_same_policies_are_the_same_workspace() {
        let (one, other) = (of(&["/web.amb", "/stock.amb"]), of(&["/stock.amb", "/web.amb"]));
        assert_eq!(one.folder, other.folder);
        assert_eq!(one.package("web"), other.package("web"));
    }

    #[test]
    fn other_policies_have_nothing_in_common() {
        let (alone, both) = (of(&["/web.amb"]), of(&["/web.amb", "/stock.amb"]));
        assert_ne!(alone.folder, both.folder);
        assert_ne!(alone.package("web"), both.package("web"));
    }
}
