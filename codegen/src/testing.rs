//! Policies as modules of a test crate, for its build script. A deployment has one policy, and what
//! its proxy includes lies in `OUT_DIR`; here each policy has its own.
//!
//! A build script fails by panicking, and tells cargo on standard output what to watch.

#![expect(clippy::panic, clippy::print_stdout, reason = "this is a part of build scripts")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, SourceLoader, compile};

use crate::build::included;
use crate::cx::Cx;
use crate::generate::generate;
use crate::source::FileLoader;

/// What one policy becomes.
#[derive(Clone, Debug)]
pub struct Module {
    pub name: String,
    pub plan: Plan,
    pub proxy_rs: String,
    /// Rust that stands in the module behind the proxy.
    pub items: String,
}

impl Module {
    /// Of a policy in a file, by the file's name; none of a file that is only there to be imported.
    ///
    /// # Panics
    /// The policy is rejected.
    pub fn of_file(policy: &Path) -> Option<Self> {
        let (loader, entry) = FileLoader::beside(policy);
        let plan = plan(&entry, &loader)?;
        for source in &plan.sources {
            watch(&loader.path(&source.name));
        }
        Some(Self::new(entry.trim_end_matches(".amb"), plan))
    }

    /// Of a policy as text.
    ///
    /// # Panics
    /// The policy is rejected, or only there to be imported.
    pub fn of_text(name: &str, text: String) -> Self {
        let entry = format!("{name}.amb");
        let plan = plan(&entry, &MemoryLoader::new([(entry.as_str(), text)]));
        Self::new(name, plan.unwrap_or_else(|| panic!("{entry} has no service")))
    }

    fn new(name: &str, plan: Plan) -> Self {
        let proxy_rs = generate(&plan).proxy_rs;
        Self { name: name.to_owned(), plan, proxy_rs, items: String::new() }
    }

    /// The proxy's type.
    pub fn proxy(&self) -> String {
        Cx::new(&self.plan).proxy.to_string()
    }

    /// Writes the proxy and what it includes below `OUT_DIR`; returns the module that includes it.
    ///
    /// # Panics
    /// The files cannot be written.
    pub fn write(&self) -> String {
        let Self { name, plan, proxy_rs, items } = self;
        let mut proxy_rs = proxy_rs.clone();
        for (file, text) in included(&generate(plan)) {
            write(&format!("{name}.{file}"), text);
            proxy_rs = proxy_rs.replace(&format!("\"/{file}\""), &format!("\"/{name}.{file}\""));
        }
        write(&format!("{name}.rs"), &proxy_rs);
        format!(
            "pub mod {name} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n{items}}}\n"
        )
    }
}

/// The policies of a folder, sorted.
///
/// # Panics
/// The folder cannot be read.
pub fn policies(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let folder = folder.as_ref();
    watch(folder);
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut policies: Vec<_> = entries.iter().map(fs::DirEntry::path).collect();
    policies.retain(|file| file.extension().is_some_and(|extension| extension == "amb"));
    policies.sort();
    policies
}

/// Writes a file below `OUT_DIR`.
///
/// # Panics
/// It cannot be written.
pub fn write(file: &str, text: &str) {
    let path = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(file);
    fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn plan(entry: &str, loader: &dyn SourceLoader) -> Option<Plan> {
    let outcome = compile(entry, loader);
    let findings = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let wrong = outcome.diagnostics.iter().any(|finding| finding.is_error());
    assert!(!wrong, "{entry} is rejected:\n{findings}");
    outcome.plan
}
