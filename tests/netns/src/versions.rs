//! Versions of one policy that are deployed over each other.

/// What differs between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// `on-exit closed`; otherwise `open`.
    pub closed: bool,
    /// The family of the upstreams and of what is excepted.
    pub v6: bool,
    /// Another set of ports, and the proxy is another user.
    pub moved: bool,
}

/// Every version.
pub fn all() -> impl Iterator<Item = Version> {
    let both = [false, true];
    both.into_iter().flat_map(move |closed| {
        both.into_iter()
            .flat_map(move |v6| both.into_iter().map(move |moved| Version { closed, v6, moved }))
    })
}

impl Version {
    /// Of its module.
    pub fn name(self) -> String {
        let mode = if self.closed { "closed" } else { "open" };
        let family = if self.v6 { "v6" } else { "v4" };
        let ports = if self.moved { "moved" } else { "usual" };
        format!("{mode}_{family}_{ports}")
    }

    /// Whom the policy names as the proxy's user.
    pub const fn user(self) -> u32 {
        if self.moved { 15002 } else { 15001 }
    }

    /// An address that it redirects.
    pub const fn redirected(self) -> &'static str {
        match (self.v6, self.moved) {
            (false, false) => "10.1.0.1:80",
            (false, true) => "10.1.0.1:8000",
            (true, false) => "[fd01::1]:80",
            (true, true) => "[fd01::1]:8000",
        }
    }

    /// One that it leaves alone.
    pub const fn excepted(self) -> &'static str {
        match (self.v6, self.moved) {
            (false, false) => "10.2.0.1:80",
            (false, true) => "10.2.0.1:8000",
            (true, false) => "[fd02::1]:80",
            (true, true) => "[fd02::1]:8000",
        }
    }

    /// Its text.
    pub fn policy(self) -> String {
        let Self { closed, v6, moved } = self;
        let (mode, user) = (if closed { "closed" } else { "open" }, self.user());
        let ports = if moved { "443, 8000..8099" } else { "80, 5432" };
        let except = if v6 { "fd02::/16" } else { "10.2.0.0/16" };
        let beside = if v6 { "[::1]:8070" } else { "127.0.0.1:8070" };
        let address = self.redirected();
        format!(
            "edition 2026\n\
             service web {{\n user {user}\n workers 2\n}}\n\
             intercept {{\n ports {ports}\n except cidrs \"{except}\"\n on-exit {mode}\n}}\n\
             defaults {{ timeout 5s }}\n\
             upstream shop {{\n address \"{address}\"\n hosts \"shop.test\"\n}}\n\
             upstream beside {{\n address \"{beside}\"\n hosts \"beside.test\"\n}}\n\
             otherwise pass\n"
        )
    }
}
