//! Every code a diagnostic can have, with its severity and a line of explanation.

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No plan comes out.
    Error,
    Warning,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($name:ident $text:literal $severity:ident $explanation:literal;)*) => {
        /// The stable name of a kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $explanation] $name,)*
        }

        /// All codes, in the order in which a policy is read.
        pub const CODES: &[Code] = &[$(Code::$name,)*];

        impl Code {
            /// As it stands in `error[…]`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, in one line.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    CannotRead "cannot-read" Error "a file that is needed could not be read";
    FileTooLarge "file-too-large" Error "the files of a policy are larger than 1 MiB";
    TooMany "too-many" Error "a policy holds more of something than is compiled in bounded time";
    NestingTooDeep "nesting-too-deep" Error "blocks stand in blocks more than 32 levels deep";
    Syntax "syntax" Error "text that is neither a statement nor a literal";
    UnclosedBlock "unclosed-block" Error "a block has no closing brace";
    UnclosedString "unclosed-string" Error "a string has no closing quote on its line";
    InvalidEscape "invalid-escape" Error "a backslash in a string starts no known escape";
    InvalidNumber "invalid-number" Error "a number has a fraction, an unknown unit, or is too large";
    InvalidRange "invalid-range" Error "the ends of a range are in the wrong order or of different kinds";
    DanglingDoc "dangling-doc" Warning "a doc comment is followed by no statement";
    MissingEdition "missing-edition" Error "the first statement of a file must be its edition";
    UnknownEdition "unknown-edition" Error "this compiler does not know the edition";
    UnknownKey "unknown-key" Error "no setting of that name exists in this place";
    MisplacedKey "misplaced-key" Error "the setting exists, but not in this place";
    NotYetSupported "not-yet-supported" Error "the language has it, this compiler does not carry it out yet";
    MissingArgument "missing-argument" Error "a statement ends before it is complete";
    UnexpectedArgument "unexpected-argument" Error "a statement goes on after it is complete";
    WrongType "wrong-type" Error "a value is of another kind than the setting takes";
    MissingUnit "missing-unit" Error "a bare number stands where a duration, size or share is meant";
    UnknownWord "unknown-word" Error "a setting does not know that word";
    OutOfRange "out-of-range" Error "a number is smaller or larger than the setting allows";
    InvalidText "invalid-text" Error "a string is not the host, address, header or date it must be";
    InvalidName "invalid-name" Error "a name is not a DNS label in lower case";
    InvalidPath "invalid-path" Error "a path pattern cannot be read";
    MissingBlock "missing-block" Error "a statement needs a block";
    UnexpectedBlock "unexpected-block" Error "a statement takes no block";
    DuplicateSetting "duplicate-setting" Error "a setting is written twice in one block";
    DuplicateName "duplicate-name" Error "two definitions of one kind have the same name";
    ConflictingSettings "conflicting-settings" Error "two settings exclude each other";
    ImportCycle "import-cycle" Error "a file imports itself, directly or through others";
    ImportTooDeep "import-too-deep" Error "files import files more than 8 levels deep";
    ExtendsCycle "extends-cycle" Error "a named policy builds on itself";
    UnknownName "unknown-name" Error "a reference to something that is defined nowhere";
    NotInImport "not-in-import" Error "a statement that only a deployment's own file may hold";
    MissingSetting "missing-setting" Error "something that every policy must say is missing";
    InvalidManifest "invalid-manifest" Error "`amb.toml` cannot be understood";
    BaselineMismatch "baseline-mismatch" Error "the service names another baseline than `amb.toml` does";
    DuplicateHost "duplicate-host" Error "two upstreams claim the same host name";
    DuplicateListen "duplicate-listen" Error "two listeners want the same port";
    InterceptsItself "intercepts-itself" Error "`intercept` redirects calls to one of our own ports";
    InterceptsNothing "intercepts-nothing" Error "the exceptions of `intercept` leave no port";
    UnreachableListen "unreachable-listen" Error "redirected calls do not arrive where the proxy listens";
    AmbiguousPort "ambiguous-port" Error "redirected connections to a port are both HTTP and TLS";
    UnknownCapture "unknown-capture" Error "a rewrite uses a capture that not every match of the route has";
    UnreachableRoute "unreachable-route" Error "earlier routes take every request that a route matches";
    UnreachableMatch "unreachable-match" Warning "earlier lines take every request that a match line matches";
    ForbiddenHeader "forbidden-header" Error "a header that belongs to the connection cannot be edited or matched";
    HttpOnly "http-only" Error "a setting that speaks of requests, on an upstream that gets bytes";
    UnsafeRetry "unsafe-retry" Error "a retry could repeat a call that must not happen twice";
    NotGrpc "not-grpc" Error "codes and methods of gRPC stand where another protocol is spoken";
    UnboundedCall "unbounded-call" Error "a call that does not stream has no total";
    PerTryNotBelowTotal "per-try-not-below-total" Error "one try may take as long as the whole call";
    TriesCannotFit "tries-cannot-fit" Error "back-offs alone use up the total before the last try";
    SynchronisedRetries "synchronised-retries" Warning "a fixed back-off makes all callers retry at the same moment";
    BreakerNeverTrips "breaker-never-trips" Error "no rule of a breaker can ever hold";
    GuardrailViolated "guardrail-violated" Error "an effective value breaks a `require`";
    InvalidRequire "invalid-require" Error "a `require` names an unknown path, or compares what cannot be compared";
    ExemptOutsideBaseline "exempt-outside-baseline" Error "only a baseline can grant an exemption";
    ExpiredExemption "expired-exemption" Warning "the last day of an exemption has passed";
    UnusedPolicy "unused-policy" Warning "a named policy or baseline is never used";
    UnusedUpstream "unused-upstream" Warning "no call ever reaches an upstream";
    InvalidTest "invalid-test" Error "a test sends no request or expects what cannot be compared";
}
