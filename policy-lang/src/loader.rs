//! Where sources come from. The language itself opens no files.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{Display, Formatter, Result as FmtResult};

/// A text with the name that diagnostics show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// Why a source cannot be had; names are as diagnostics show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Nothing has this name.
    Missing {
        name: String,
    },
    /// The path leads to where there are no sources.
    Outside {
        path: String,
    },
    /// The path starts at the root of the file system.
    Absolute {
        path: String,
    },
    NotUtf8 {
        name: String,
    },
    /// The system does not let us read it, with the reason it gives.
    Unreadable {
        name: String,
        reason: String,
    },
}

impl Display for LoadError {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        match self {
            Self::Missing { name } => write!(f, "there is no `{name}`"),
            Self::Outside { path } => write!(f, "`{path}` leads out of the repository"),
            Self::Absolute { path } => {
                write!(f, "`{path}` is absolute; write it relative to the importing file")
            }
            Self::NotUtf8 { name } => write!(f, "`{name}` is not UTF-8 text"),
            Self::Unreadable { name, reason } => write!(f, "`{name}` cannot be read: {reason}"),
        }
    }
}

impl Error for LoadError {}

/// Finds and reads sources.
pub trait SourceLoader {
    /// `from`: the name of the importing file, `None` for the entry. Returns the
    /// normalised name (never absolute) and the text, or why there is none.
    ///
    /// # Errors
    /// What went wrong, for the diagnostic at the `import`.
    fn load(&self, from: Option<&str>, path: &str) -> Result<Source, LoadError>;

    /// Every `amb.toml` in the entry's folder and above, up to the root of the sources, the outermost
    /// one first.
    ///
    /// # Errors
    /// There is one that cannot be read.
    fn manifests(&self, entry: &str) -> Result<Vec<Source>, LoadError> {
        let mut all = Vec::new();
        for level in (0..=entry.matches('/').count()).rev() {
            match self.load(Some(entry), &format!("{}amb.toml", "../".repeat(level))) {
                Ok(source) => all.push(source),
                Err(LoadError::Missing { .. } | LoadError::Outside { .. }) => {}
                Err(unreadable) => return Err(unreadable),
            }
        }
        Ok(all)
    }
}

/// Sources held in memory, by their names.
#[derive(Clone, Debug, Default)]
pub struct MemoryLoader {
    files: BTreeMap<String, String>,
}

impl MemoryLoader {
    pub fn new<N: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (N, T)>) -> Self {
        Self { files: files.into_iter().map(|(name, text)| (name.into(), text.into())).collect() }
    }
}

impl SourceLoader for MemoryLoader {
    fn load(&self, from: Option<&str>, path: &str) -> Result<Source, LoadError> {
        let outside = || LoadError::Outside { path: path.to_owned() };
        let name = joined(from, path).ok_or_else(outside)?;
        match self.files.get(&name).cloned() {
            Some(text) => Ok(Source { name, text }),
            None => Err(LoadError::Missing { name }),
        }
    }
}

/// `path` as seen from the folder of `from`, without `.` and `..`.
fn joined(from: Option<&str>, path: &str) -> Option<String> {
    let folder = from.and_then(|from| from.rsplit_once('/')).map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_importing_file() {
        for (from, path, expect) in [
            (None, "order.amb", Some("order.amb")),
            (Some("order/order.amb"), "../org/acme.amb", Some("org/acme.amb")),
            (Some("order/order.amb"), "./shared.amb", Some("order/shared.amb")),
            (Some("order.amb"), "../acme.amb", None),
        ] {
            assert_eq!(joined(from, path).as_deref(), expect, "{path}");
        }
    }

    #[test]
    fn all_manifests_above_hold() {
        let loader = MemoryLoader::new([("amb.toml", "far"), ("a/amb.toml", "near")]);
        let texts = |entry: &str| -> Vec<String> {
            let all = loader.manifests(entry).into_iter().flatten();
            all.map(|source| source.text).collect()
        };
        assert_eq!(texts("a/b/order.amb"), ["far", "near"]);
        assert_eq!(texts("c/order.amb"), ["far"]);
        assert_eq!(MemoryLoader::default().manifests("a.amb"), Ok(Vec::new()));
    }
}
