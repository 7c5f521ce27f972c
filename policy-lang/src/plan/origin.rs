//! Where a value came from: carried by every effective field, shown in every product.

/// A file that went into the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As named on the command line or in the `import`, normalised; never absolute.
    pub name: String,
    pub text: String,
}

/// A position in a source; `file` indexes `Plan::sources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: usize,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Who set a value. The later layer wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// `defaults` of the baseline.
    Baseline,
    /// `defaults` of the file.
    Defaults,
    Upstream,
    /// A named policy, with its kind: `policy NAME`, `retry NAME`.
    Policy(String),
    Route,
    /// Not layered: `service`, `listen`, `observe`, `otherwise`.
    File,
}

/// A layer of a policy, and the block in which it came to lie over those before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlay {
    pub layer: Layer,
    /// `Baseline`, `Defaults`, `Upstream` or `Route`: for a named policy, whoever uses it.
    pub block: Layer,
}

/// Who set a value, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The default of the language; nobody wrote it.
    Language,
    Written {
        layer: Layer,
        place: Place,
    },
}

impl Origin {
    /// Where it was written, unless it is the language's default.
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Language => None,
            Self::Written { place, .. } => Some(*place),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    pub const fn language(value: T) -> Self {
        Self { value, origin: Origin::Language }
    }

    pub const fn written(value: T, layer: Layer, place: Place) -> Self {
        Self { value, origin: Origin::Written { layer, place } }
    }

    /// Where it was written, unless it is the language's default.
    pub const fn place(&self) -> Option<Place> {
        self.origin.place()
    }
}
