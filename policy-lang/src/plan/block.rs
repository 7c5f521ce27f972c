//! What each block of the policy says itself, whatever it builds on: no other block changes it.

use super::{Layer, Origin, Setting, Settings};

/// A block, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub whose: Whose,
    pub marks: Vec<Mark>,
    /// What [`Block::fields`] takes its own part of.
    pub settings: Settings,
}

/// Whose words they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// What holds where nobody says anything.
    Language,
    /// What holds then for gRPC.
    Grpc,
    /// Of the baselines as one, of `defaults`, or of a named policy in use.
    Layer(Layer),
    /// Index in `Plan::upstreams`.
    Upstream(usize),
    /// Index in `Plan::upstreams`, and in `Upstream::routes`.
    Route(usize, usize),
}

/// What a block says about a group as a whole: `use careful`, `retry reads`, `retry off`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub group: &'static str,
    pub value: String,
    pub origin: Origin,
}

impl Block {
    /// The settings that the block itself sets.
    pub fn fields(&self) -> Vec<Setting<'_>> {
        let mut fields = self.settings.fields();
        fields.retain(|field| self.whose.wrote(field.origin));
        fields
    }
}

impl Whose {
    fn wrote(&self, origin: &Origin) -> bool {
        match (self, origin) {
            (Self::Language | Self::Grpc, Origin::Language) => true,
            (_, Origin::Language) | (Self::Language | Self::Grpc, _) => false,
            (Self::Layer(own), Origin::Written { layer, .. }) => own == layer,
            (Self::Upstream(_), Origin::Written { layer, .. }) => *layer == Layer::Upstream,
            (Self::Route(..), Origin::Written { layer, .. }) => *layer == Layer::Route,
        }
    }
}
