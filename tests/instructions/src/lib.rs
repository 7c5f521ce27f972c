//! The measured policies, compiled.

pub mod policies {
    include!(concat!(env!("OUT_DIR"), "/policies.rs"));
}
