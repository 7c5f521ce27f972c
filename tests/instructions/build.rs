//! Compiles the order example and policies of many routes to modules.

use std::path::Path;

use amb_codegen::testing::{Module, write};

fn main() {
    let order = Module::of_file(Path::new("../../examples/order/order.amb")).unwrap();
    let made = [
        ("ten", routes(1, 10)),
        ("thousand", routes(1, 1000)),
        ("spread", routes(100, 10)),
        ("plain", plain("")),
        ("unused", plain(&unused())),
    ];
    let made = made.map(|(name, text)| Module::of_text(name, text).write());
    write("policies.rs", &(order.write() + &made.concat()));
}

/// Upstreams with routes that differ in their literal segments and in three time-outs.
fn routes(upstreams: usize, routes: usize) -> String {
    let route = |at: usize| {
        let (area, timeout) = (at / 10, ["1s", "2s", "3s"][at % 3]);
        format!(
            "    route r{at} {{\n        match GET /v1/area{area:03}/thing{at:03}/{{id}}\n        \
             timeout {timeout}\n    }}\n"
        )
    };
    let upstream = |at: usize| {
        let routes: String = (0..routes).map(route).collect();
        format!("upstream u{at} {{\n    address \"u{at:03}.shop.svc:80\"\n{routes}}}\n")
    };
    let upstreams: String = (0..upstreams).map(upstream).collect();
    format!(
        "edition 2026\nservice many\ndefaults {{ timeout 5s }}\n{upstreams}\notherwise reject\n"
    )
}

/// One route that is called, and what others have.
fn plain(others: &str) -> String {
    format!(
        "edition 2026\nservice plain\nupstream u000 {{\n    address \"u000.shop.svc:80\"\n    \
         timeout 5s\n    route called {{ match GET /v1/called/{{id}} }}\n{others}}}\notherwise reject\n"
    )
}

/// Five routes with four filters each that the call does not use.
fn unused() -> String {
    let route = |at: usize| {
        format!(
            "    route other{at} {{\n        match GET /v1/other{at}/{{id}}\n        \
             correlation-id \"x-id-{at}\"\n        trace\n        \
             retry {{ attempts {}; on connect-failure, 503 }}\n        \
             fallback {} \n        headers request {{ remove \"x-other-{at}\" }}\n    }}\n",
            at + 2,
            200 + at
        )
    };
    (0..5).map(route).collect()
}
