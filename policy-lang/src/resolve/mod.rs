//! From files to one policy: follows imports, finds names, chooses the baseline, and lays the layers
//! over each other, field by field.

mod baseline;
mod effective;
mod load;
mod manifest;
mod names;
mod references;

pub(crate) use baseline::{Applied, applied};
pub(crate) use effective::{Effective, Field, Group, base, defined, extended, off};
pub(crate) use load::{Loaded, load};
pub(crate) use names::{Definition, Entry, FileNodes, Kind, Program, named};
pub(crate) use references::check_references;
