//! Files as editors name them: `file:` URIs (RFC 8089), percent-encoded.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stays as it is in a path (RFC 3986 §3.3): `pchar` without sub-delimiters, and `/`.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a URI; `None`: it is no file of this machine.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_ref().strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    path.starts_with('/').then(|| normalised(Path::new(OsStr::from_bytes(&bytes))))
}

pub(crate) fn uri(path: &Path) -> Uri {
    Uri(format!("file://{}", percent_encode(path.as_os_str().as_bytes(), ENCODED)))
}

/// Without `.` and `..`, so that one file has one path.
pub(crate) fn normalised(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            component => parts.push(component),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris() {
        for (written, plain) in [
            ("file:///a/b.amb", "/a/b.amb"),
            ("file:///a%20b/%C3%A4.amb", "/a b/ä.amb"),
            ("file:///a%23b%25.amb", "/a#b%.amb"),
        ] {
            assert_eq!(path(&written.into()), Some(PathBuf::from(plain)), "{written}");
            assert_eq!(uri(Path::new(plain)).as_ref(), written);
        }
        for (written, plain) in [
            ("file:///a/../b/./c", Some("/b/c")),
            ("file://localhost/a", Some("/a")),
            ("untitled:1", None),
            ("file://host/a", None),
        ] {
            assert_eq!(path(&written.into()), plain.map(PathBuf::from), "{written}");
        }
    }
}
