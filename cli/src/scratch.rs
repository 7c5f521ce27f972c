//! A crate around generated code, for policies that have none of their own.
//!
//! It lies below the target folder under a name made from the policy's path, so that building
//! the same policy again is incremental. Its build script only hands the embedded document on;
//! the generator has already run.

use std::fs;
use std::path::{Path, PathBuf};

use amb_codegen::{Generated, embed};

use crate::cargo;
use crate::commands::generate::write_changed;
use crate::failure::Failure;

/// A crate that cargo can build.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) folder: PathBuf,
    /// Name of the package and of the binary.
    pub(crate) name: String,
}

const MAIN: &str = "include!(\"../generated/proxy.rs\");\n";

const BUILD: &str = r#"fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=policy.json");
    let out = std::env::var_os("OUT_DIR").map(std::path::PathBuf::from).unwrap_or_default();
    std::fs::copy("policy.json", out.join("policy.json")).map(drop)
}
"#;

impl Scratch {
    /// Writes the crate for a policy; what has not changed keeps its time stamp.
    pub(crate) fn write(
        policy: &Path,
        generated: &Generated,
        runtime: &Path,
        target: &Path,
    ) -> Result<Self, Failure> {
        let scratch = Self::of(policy, target)?;
        for folder in ["src", "generated"] {
            let folder = scratch.folder.join(folder);
            fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, &error))?;
        }
        for (path, text) in [
            ("Cargo.toml", scratch.manifest(runtime)),
            ("build.rs", BUILD.to_owned()),
            ("src/main.rs", MAIN.to_owned()),
            ("generated/proxy.rs", generated.proxy_rs.clone()),
            ("policy.json", generated.policy_json.clone()),
        ] {
            write_changed(&scratch.folder.join(path), &text)?;
        }
        scratch.lock(runtime)?;
        Ok(scratch)
    }

    fn of(policy: &Path, target: &Path) -> Result<Self, Failure> {
        let path = policy.canonicalize().map_err(|error| Failure::unreadable(policy, &error))?;
        let hash = embed::sha256(path.as_os_str().as_encoded_bytes());
        let short = hash.get(..16).unwrap_or(&hash);
        Ok(Self { folder: target.join("amb").join(short), name: format!("amb-{short}") })
    }

    /// A workspace of its own, whatever lies above; the profile is that of amb's workspace.
    fn manifest(&self, runtime: &Path) -> String {
        format!(
            "[package]\n\
             name = \"{}\"\n\
             version = \"0.0.0\"\n\
             edition = \"2024\"\n\
             publish = false\n\
             \n\
             [workspace]\n\
             \n\
             [dependencies]\n\
             amb-runtime = {{ path = {} }}\n\
             \n\
             [profile.release]\n\
             panic = \"abort\"\n\
             codegen-units = 1\n\
             strip = true\n",
            self.name,
            toml_string(runtime),
        )
    }

    /// The versions amb is tested with, unless this crate has chosen already.
    fn lock(&self, runtime: &Path) -> Result<(), Failure> {
        let own = self.folder.join("Cargo.lock");
        match cargo::lock_file(runtime).filter(|_| !own.exists()) {
            Some(lock) => {
                fs::copy(lock, &own).map(drop).map_err(|error| Failure::unwritable(&own, &error))
            }
            None => Ok(()),
        }
    }
}

/// A path as a TOML string: JSON's escapes are TOML's.
pub(crate) fn toml_string(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
