//! The proxy's reading of bytes against somebody else's.
//!
//! ```text
//!                            ┌─► amb_runtime::testing ─────────────┐
//! corpus ─► mutate ─► bytes ─┤                                     ├─► the same?
//!                            └─► hyper, rustls, or the grammar ────┘
//! ```
//!
//! What the proxy lets through must be, to the other reader, the same message: the same words,
//! fields and body, and the same bytes behind it. This is what makes smuggling impossible between
//! the two. The other direction is free: the proxy refuses much that others take.

mod chunks;
mod hellos;
mod mutate;
mod oracle;
mod requests;
mod responses;

use std::fs;
use std::path::PathBuf;

use rand::Rng;

use self::oracle::Oracle;

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Requests on a connection, against hyper's server.
    Requests,
    /// A response, against hyper's client.
    Responses,
    /// A chunked body in pieces, against the grammar of RFC 9112 §7.1.
    Chunks,
    /// The first message of TLS, against rustls.
    Hellos,
}

/// A subject, its seeds and its other reader.
pub struct Subjected {
    subject: Subject,
    oracle: Oracle,
    corpus: Vec<Vec<u8>>,
}

impl Subject {
    pub const ALL: [Self; 4] = [Self::Requests, Self::Responses, Self::Chunks, Self::Hellos];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Responses => "responses",
            Self::Chunks => "chunks",
            Self::Hellos => "hellos",
        }
    }

    /// Where seeds and former findings are.
    pub fn folder(self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name())
    }

    pub fn prepare(self) -> Subjected {
        let mut files: Vec<_> = fs::read_dir(self.folder())
            .map(|folder| folder.map(|file| file.unwrap().path()).collect())
            .unwrap_or_default();
        files.sort();
        let mut corpus: Vec<_> = files.into_iter().map(|file| fs::read(file).unwrap()).collect();
        if self == Self::Hellos {
            corpus.extend(hellos::seeds());
        }
        Subjected { subject: self, oracle: Oracle::new(), corpus }
    }
}

impl Subjected {
    /// Seeds and former findings, in the order of their names.
    pub fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    /// Bytes that are almost right.
    pub fn mutate(&self, random: &mut impl Rng) -> Vec<u8> {
        match self.subject {
            Subject::Hellos => hellos::mutate(random, &self.corpus),
            _ => mutate::mutate(random, &self.corpus),
        }
    }

    /// Reads the bytes with both. How many messages both understood, or what they understood
    /// differently.
    ///
    /// # Errors
    /// The difference.
    pub fn compare(&self, bytes: &[u8]) -> Result<usize, String> {
        match self.subject {
            Subject::Requests => requests::compare(&self.oracle, bytes),
            Subject::Responses => responses::compare(&self.oracle, bytes),
            Subject::Chunks => chunks::compare(bytes),
            Subject::Hellos => hellos::compare(bytes),
        }
    }
}
