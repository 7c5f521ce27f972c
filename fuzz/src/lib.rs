//! Two things under fire: what the proxy reads off the wire ([`wire`]), and the compiler ([`policies`]).

pub mod policies;
pub mod wire;
