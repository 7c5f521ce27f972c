//! What a call passes, and in which order: the one table of it.
//!
//! The types of pipelines, the policies under a banner, and what the documentation says follow it.

/// A step of a pipeline, as the runtime names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Trace,
    CorrelationId,
    Headers,
    Rewrite,
    Fallback,
    Timeout,
    Retry,
    Breaker,
    /// Ends it with an answer of our own.
    Respond,
    /// Ends it at an upstream.
    Forward,
}

/// From the outside in. A call passes those that its route has; the last one is either of two.
pub(crate) const ORDER: [Filter; 10] = [
    Filter::Trace,
    Filter::CorrelationId,
    Filter::Headers,
    Filter::Rewrite,
    Filter::Fallback,
    Filter::Timeout,
    Filter::Retry,
    Filter::Breaker,
    Filter::Respond,
    Filter::Forward,
];

impl Filter {
    /// The name of its type.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trace => "Trace",
            Self::CorrelationId => "CorrelationId",
            Self::Headers => "Headers",
            Self::Rewrite => "Rewrite",
            Self::Fallback => "Fallback",
            Self::Timeout => "Timeout",
            Self::Retry => "Retry",
            Self::Breaker => "Breaker",
            Self::Respond => "Respond",
            Self::Forward => "Forward",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `Trace → … → Forward`, without what takes the place of the last one.
    fn chain() -> String {
        let names = ORDER.iter().filter(|filter| **filter != Filter::Respond);
        names.map(|filter| filter.name()).collect::<Vec<_>>().join(" → ")
    }

    #[test]
    fn the_documentation_has_the_same_order() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for file in ["docs/semantics.md", "runtime/src/filter/mod.rs"] {
            let text = std::fs::read_to_string(top.join(file)).unwrap();
            let words: Vec<_> = text.split_whitespace().filter(|word| *word != "//!").collect();
            assert!(words.join(" ").contains(&chain()), "{file}: {}", chain());
        }
    }
}
