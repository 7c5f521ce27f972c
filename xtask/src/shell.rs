//! Runs programs at the root of the repository.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command that could not be started, or did not end with 0.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

/// One command, with its words as one would type them.
#[derive(Debug)]
pub(crate) struct Step {
    command: Command,
    words: String,
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

impl Step {
    pub(crate) fn new(program: &str) -> Self {
        Self::started_as(program.as_ref(), program)
    }

    /// Of the toolchain that runs this.
    pub(crate) fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::started_as(&cargo, "cargo").args(arguments)
    }

    fn started_as(program: &OsStr, word: &str) -> Self {
        let mut command = Command::new(program);
        command.current_dir(root());
        Self { command, words: word.to_owned() }
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        for argument in arguments {
            self.words += &format!(" {}", argument.as_ref());
            self.command.arg(argument.as_ref());
        }
        self
    }

    pub(crate) fn envs<'a>(
        mut self,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        for (name, value) in variables {
            self.words.insert_str(0, &format!("{name}={value} "));
            self.command.env(name, value);
        }
        self
    }

    /// Shows the command, runs it and waits for its end.
    ///
    /// # Errors
    /// If it cannot be started, or does not end with 0.
    pub(crate) fn run(mut self) -> Result<(), Failed> {
        eprintln!("$ {}", self.words);
        match self.command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failed(format!("{} ({status})", self.words))),
            Err(error) => Err(Failed(format!("{} ({error})", self.words))),
        }
    }

    /// Runs the command and returns the lines that it prints.
    ///
    /// # Errors
    /// If it cannot be started, or does not end with 0.
    pub(crate) fn lines(mut self) -> Result<Vec<String>, Failed> {
        match self.command.output() {
            Ok(output) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                Err(Failed(format!("{} ({}): {}", self.words, output.status, said.trim())))
            }
            Err(error) => Err(Failed(format!("{} ({error})", self.words))),
        }
    }
}
