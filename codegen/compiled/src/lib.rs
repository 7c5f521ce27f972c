//! The generator's golden files as modules: all of them compile, and their tests hold.

macro_rules! golden {
    ($name:ident) => {
        pub mod $name {
            include!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../tests/golden/",
                stringify!($name),
                ".snap.rs"
            ));
        }
    };
}

golden!(bare);
golden!(breaker);
golden!(bytes);
golden!(calls);
golden!(expectations);
golden!(headers);
golden!(hosts);
golden!(intercept);
golden!(layers);
golden!(names);
golden!(names_alike);
golden!(names_of_blocks);
golden!(names_of_rust);
golden!(names_of_tests);
golden!(observe);
golden!(replies);
golden!(retry);
golden!(rewrite);
golden!(routes);
golden!(timeouts);
