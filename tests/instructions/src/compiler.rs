//! What a route costs the compiler, beside up to a thousand others.
//!
//! A repetition is one route more: whatever grows faster than the number of routes shows.

use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile};

/// `amb check` of routes that differ in their last segment.
pub(crate) fn check(routes: usize) {
    drop(plan(routes, |at| format!("match GET /v1/{{id}}/r{at}; timeout 1s")));
}

/// The same, of routes that take calls from each other.
pub(crate) fn check_overlapping(routes: usize) {
    drop(overlapping(routes, 1));
}

/// `amb diff` of such routes, all of them with another time-out.
pub(crate) fn diff(routes: usize) {
    let changes = amb_policy_lang::diff::diff(&overlapping(routes, 1), &overlapping(routes, 2));
    assert_eq!(changes.len(), routes);
}

fn overlapping(routes: usize, least: usize) -> Plan {
    plan(routes, |at| {
        format!("match GET /v1/** header(\"x-{at}\") == \"y\"; timeout {}s", least + at % 7)
    })
}

fn plan(routes: usize, route: impl Fn(usize) -> String) -> Plan {
    let routes: String =
        (0..routes).map(|at| format!("route r{at} {{ {} }}\n", route(at))).collect();
    let text = format!(
        "edition 2026\nservice many\nupstream shop {{\naddress \"shop.svc:80\"\ntimeout 9s\n\
         {routes}}}\notherwise reject\n"
    );
    compile("many.amb", &MemoryLoader::new([("many.amb", text)])).plan.unwrap()
}
